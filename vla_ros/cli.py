# SPDX-License-Identifier: Apache-2.0
def main() -> int:
    print("ok")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
