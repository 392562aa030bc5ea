// SPDX-License-Identifier: Apache-2.0
// The link's token, taken from the address, where it is seen and photographed.

/** Take it to where a reload finds it, and return it. */
export function takeToken(query) {
  const given = query.get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    query.delete("token");
    const rest = query.toString();
    history.replaceState(null, "", location.pathname + (rest ? `?${rest}` : ""));
  }
  return given ?? sessionStorage.getItem("token") ?? "";
}
