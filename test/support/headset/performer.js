// SPDX-License-Identifier: Apache-2.0
// Two hands that perform a way, in the page, frame by frame: a clutch for each, let go while its arm rests, with an eye on
// what the page is told of the tools. The way's own clock waits for whoever is behind, and for the tools to stand exactly
// before fingers close or open. Poses are {p, q} in ROS axes, quaternions xyzw.

window.perform = (way, grips, settings) => {
  const turned = ([ax, ay, az, aw], [bx, by, bz, bw]) => [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
  const back = ([x, y, z, w]) => [-x, -y, -z, w];
  const rotated = (q, v) => turned(turned(q, [...v, 0]), back(q)).slice(0, 3);
  const plus = (a, b) => a.map((value, i) => value + b[i]);
  const minus = (a, b) => a.map((value, i) => value - b[i]);
  const joined = (a, b) => ({ p: plus(a.p, rotated(a.q, b.p)), q: turned(a.q, b.q) });
  const inverse = ({ p, q }) => ({ p: rotated(back(q), p.map((value) => -value)), q: back(q) });
  const angle = (a, b) => 2 * Math.acos(Math.min(1, Math.abs(a.reduce((sum, value, i) => sum + value * b[i], 0))));
  const away = (a, b) => [Math.hypot(...minus(a.p, b.p)), angle(a.q, b.q)];
  const between = (a, b, share) => {
    const sign = a.q.reduce((sum, value, i) => sum + value * b.q[i], 0) < 0 ? -1 : 1;
    const q = a.q.map((value, i) => (1 - share) * value + share * sign * b.q[i]); // of neighbours: a tenth of a second
    const length = Math.hypot(...q);
    return { p: a.p.map((value, i) => (1 - share) * value + share * b.p[i]), q: q.map((value) => value / length) };
  };

  const last = way.moments.length - 1;
  const at = (time) => {
    const place = Math.min(Math.max(time / way.period, 0), last);
    const i = Math.min(Math.floor(place), last - 1);
    const [a, b, share] = [way.moments[i], way.moments[i + 1], place - i];
    const tools = Object.fromEntries(settings.arms.map(({ arm }) => [arm, between(a.tools[arm], b.tools[arm], share)]));
    const thing = a.thing && between(a.thing, b.thing, share);
    return { time, tools, thing, shut: share >= 1 ? b.shut : a.shut, base: between(a.base, b.base, share) };
  };

  const rest = (side) => ({ p: settings.rests[side], q: [0, 0, 0, 1] });
  const arms = settings.arms.map(({ arm, side }) => ({
    arm, side, hand: rest(side), stage: "free", since: 0, at: null, tool: null, trigger: 0, squeeze: false,
  }));
  const told = { done: false, now: 0, waits: 0, clutches: 0, corrections: 0, errors: {}, moved: performance.now(), base: null };
  for (const { arm } of arms) told.errors[arm] = [];
  window.performed = told;
  window.baseAt = settings.base ? null : undefined; // {p, q} of the base as odometry says, set from outside
  const sticks = { left: [0, 0], right: [0, 0] };
  let heardAt = null;
  let waitsSince = null;

  const put = () => {
    for (const one of arms) {
      const { p: [x, y, z], q: [qx, qy, qz, qw] } = one.hand;
      const hand = { p: [-y, z, -x], q: [-qy, qz, -qx, qw] }; // WebXR's axes
      const held = joined(hand, inverse(grips[one.side]));
      const controller = headset.controllers[one.side];
      controller.position.set(...held.p);
      controller.quaternion.set(...held.q);
      controller.updateButtonValue("squeeze", one.squeeze ? 1 : 0);
      controller.updateButtonValue("trigger", one.trigger);
      controller.updateAxes("thumbstick", ...sticks[one.side]);
    }
  };

  const planar = (from, to) => {
    const { p, q } = joined(inverse(from), to);
    return [p[0], p[1], 2 * Math.atan2(q[2], q[3])];
  };
  const drives = (time) =>
    settings.base && planar(at(time).base, at(time + settings.aheadS).base).some((value) => Math.abs(value) > 2e-3);
  // What is held by its end turns in the fingers. The hand that takes it goes by where the thing is, and then has the
  // thing, not the tool, go the way's way.
  let met = null; // from where the way has the thing to where it is
  let held = null; // of the thing in the tool that took it
  let leaves = null; // in the tool of the way: where the hand let go
  const taken = (moment) => {
    const { taking } = settings;
    const tool = moment.tools[taking.arm];
    if (moment.time < taking.up) return tool;
    if (moment.time < taking.closing && window.thingAt) met = joined(window.thingAt, inverse(moment.thing));
    const reached = met ? joined(met, tool) : tool;
    if (moment.time < taking.carried || !held) return reached;
    if (moment.time >= taking.released && leaves) return joined(tool, leaves);
    const share = Math.min((moment.time - taking.carried) / settings.turnS, 1);
    const goal = between(reached, joined(moment.thing, inverse(held)), share);
    leaves = joined(inverse(tool), goal);
    return goal;
  };
  const wanted = (arm, moment, riding) => {
    if (arm === settings.taking?.arm) return taken(moment);
    if (!settings.base || riding) return moment.tools[arm];
    return joined(inverse(window.baseAt), joined(moment.base, moment.tools[arm]));
  };

  /** Push the sticks by where the base is; say whether it is near enough for the way to get on. */
  const drive = (moment, riding) => {
    const { base } = settings;
    if (!base) return true;
    if (!window.baseAt) return false;
    const off = planar(window.baseAt, moment.base);
    const velocity = off.map((value) => base.gain * value);
    if (riding) {
      const after = at(told.now + base.stickS).base;
      planar(moment.base, after).forEach((value, i) => (velocity[i] += (settings.pace * value) / base.stickS));
    } else {
      off.forEach((value, i) => Math.abs(value) < 0.7 * base.there[i] && (velocity[i] = 0));
    }
    const [forward, left, turn] = velocity.map((value, i) => {
      const share = value / base.speed[i];
      if (Math.abs(share) < 1e-6) return 0;
      return Math.sign(share) * (base.dead + (1 - base.dead) * Math.min(1, Math.max(Math.abs(share), base.least)));
    });
    sticks.left = [-left, -forward];
    sticks.right = [-turn, 0];
    const near = riding ? base.behind : base.there;
    return Math.hypot(off[0], off[1]) <= near[0] && Math.abs(off[2]) <= near[2];
  };

  /** Bring one hand on: free, coming back, pressed, followed. Returns whether it is followed. */
  const follow = (one, state, moves, rests, pushed) => {
    const said = state.arms[one.arm];
    const now = performance.now();
    const begin = (stage, squeeze) => Object.assign(one, { stage, squeeze, since: now });
    const settled = now - one.since > settings.pressMs;
    if (one.stage === "free" && (moves || pushed)) {
      one.hand = rest(one.side);
      begin("back", false);
    } else if (one.stage === "back" && settled) {
      begin("pressed", true);
      told.clutches += 1;
    } else if (one.stage === "pressed" && settled) {
      if (!said.clutched && now - one.since > settings.patienceMs) begin("back", false);
      else if (said.clutched) {
        begin("followed", true);
        one.at = one.hand;
        one.tool = said.commanded;
      }
    } else if (one.stage === "followed") {
      if (said.clutched) one.since = now;
      if (now - one.since > settings.patienceMs) begin("back", false); // as the page says: let go, and press again
      else if (rests && !pushed) begin("free", false);
    }
    return one.stage === "followed";
  };

  const look = () => {
    const state = heard.state;
    const { now } = told;
    if (heardAt === null) heardAt = state.t;
    const elapsed = Math.min(Math.max(state.t - heardAt, 0), 0.15);
    const fresh = state.t !== heardAt;
    heardAt = state.t;
    const here = at(now);
    const riding = drives(now);
    let ready = drive(here, riding);
    if (settings.base && !window.baseAt) return;
    if (window.heldAt && settings.taking && now < settings.taking.lowered) {
      held = held ? between(held, window.heldAt, settings.seen) : window.heldAt;
    }
    const pushed = [...sticks.left, ...sticks.right].some((value) => value !== 0);
    const soon = [];
    for (let t = 0.1; t < settings.idleS; t += 0.1) soon.push([t, at(now + t)]);
    const ahead = now + settings.pace * elapsed;
    arms.forEach((one, i) => {
      const differs = ([, moment]) => {
        const [shift, turn] = away(here.tools[one.arm], moment.tools[one.arm]);
        return shift > 1e-3 || turn > 1e-2 || moment.shut[one.arm] !== here.shut[one.arm];
      };
      const moves = soon.some((moment) => moment[0] <= settings.aheadS && differs(moment));
      const goal = wanted(one.arm, here, riding);
      const [shift, turn] = away(state.arms[one.arm].commanded, goal);
      const exact = shift < settings.exact[0] && turn < settings.exact[1];
      const done = at(now - settings.toldS).shut[one.arm] === here.shut[one.arm]; // a hand holds on while its fingers go
      const rests = exact && done && !soon.some(differs);
      const followed = follow(one, state, moves, rests, pushed && i === 0);
      if (!followed) {
        if (one.stage !== "free") ready = false;
        return;
      }
      const fingers = here.shut[one.arm] !== at(ahead + 0.1).shut[one.arm];
      if (shift > settings.behind[0] || turn > settings.behind[1] || (fingers && !exact)) ready = false;
      if (fresh) told.errors[one.arm].push(away(state.arms[one.arm].measured, goal)[0]);
    });
    if (ready) {
      if (fresh) waitsSince = null; // a frame without news is ready for nothing: it asks for no way at all
      if (ahead > now) told.moved = performance.now();
      told.now = Math.min(ahead, last * way.period);
    } else if (waitsSince === null) waitsSince = state.t;
    else if (state.t - waitsSince > settings.steadyS) {
      // Hands that stand and see their tools beside the place move on by what is missing: the bridge latches anew after a
      // silence, and what the hands did meanwhile is lost.
      waitsSince = state.t;
      told.corrections += 1;
      for (const one of arms) if (one.stage === "followed") [one.at, one.tool] = [one.hand, state.arms[one.arm].commanded];
    }
    const moment = at(told.now);
    for (const one of arms) {
      if (one.stage !== "followed") continue;
      one.trigger = moment.shut[one.arm];
      const goal = wanted(one.arm, moment, riding);
      one.hand = {
        p: plus(one.at.p, minus(goal.p, one.tool.p)),
        q: turned(turned(goal.q, back(one.tool.q)), one.at.q),
      };
    }
    if (told.now >= last * way.period) told.done = true;
  };

  const frame = () => {
    if (window.performed !== told) return;
    if (told.stop || told.done) {
      for (const one of arms) one.squeeze = false;
      sticks.left = sticks.right = [0, 0];
      put();
      return;
    }
    if (heard.state) look();
    put();
    headset.activeSession.requestAnimationFrame(frame);
  };
  headset.activeSession.requestAnimationFrame(frame);
};
