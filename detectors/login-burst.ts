import type { Detector } from "./detector.ts";
import { accountState, type AccountState, stepAccount } from "./login-burst/account.ts";
import { type BurstParams, burstParams } from "./login-burst/params.ts";
import { isSignIn } from "./network.ts";
import { sourceState, type SourceState, stepSource } from "./login-burst/source.ts";
import { jsonCodec } from "./runtime/codec.ts";

type State =
  | { readonly kind: "new" }
  | { readonly kind: "account"; readonly account: AccountState }
  | { readonly kind: "source"; readonly source: SourceState };

interface Cell {
  state: State;
}

const MINUTE = 60_000;

/** Floods of failed logins, failures that end in a success, and one address trying many accounts. */
export const loginBurst: Detector<BurstParams, Cell> = {
  name: "login-burst",
  version: "1",
  title: "Login burst",
  attack: ["T1110"],
  blindSpots:
    "Guessing slower than five tries in ten minutes; sprays from many addresses with few accounts each; failures that carry no address.",
  family: "failures",
  params: burstParams,
  entities: ["user", "source"],
  tables: [{ name: "login.spraying", keepPerMille: 500 }],
  accepts: (event) =>
    (event["event.outcome"] === "failure" || event["event.outcome"] === "success") &&
    isSignIn(event),
  // An account must have succeeded once: invented names only touch the sketch of their source.
  admits: (event, kind) => kind === "source" || event["event.outcome"] === "success",
  init: () => ({ state: { kind: "new" } }),
  ...jsonCodec<Cell>(),
  migrate: () => undefined,
  step(cell, event, context) {
    if (cell.state.kind === "new") {
      cell.state =
        context.entity.type === "source"
          ? { kind: "source", source: sourceState() }
          : { kind: "account", account: accountState() };
    }
    if (cell.state.kind === "source") stepSource(cell.state.source, event, context);
    else stepAccount(cell.state.account, event, context);
  },
  /** Most failures of the account in one minute of the hour that starts at `windowStart`. */
  statistic(cell, windowStart) {
    if (cell.state.kind !== "account") return 0;
    const sums = new Map<number, number>();
    for (const [minute, , weight] of cell.state.account.failures) {
      if (minute * MINUTE >= windowStart && minute * MINUTE < windowStart + 60 * MINUTE) {
        sums.set(minute, (sums.get(minute) ?? 0) + weight);
      }
    }
    return Math.max(0, ...sums.values());
  },
};
