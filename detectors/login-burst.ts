import type { Detector } from "./detector.ts";
import { accountState, type AccountState, stepAccount } from "./login-burst/account.ts";
import {
  accountFromVersion1,
  type PackedAccount,
  packAccount,
  unpackAccount,
} from "./login-burst/account-bytes.ts";
import { type BurstParams, burstParams } from "./login-burst/params.ts";
import { isSignIn } from "./network.ts";
import {
  sourceFromVersion1,
  sourceState,
  type SourceState,
  stepSource,
} from "./login-burst/source.ts";
import { strengthOf } from "./login-burst/strength.ts";
import { jsonCodec } from "./runtime/codec.ts";

type State =
  | { readonly kind: "new" }
  | { readonly kind: "account"; readonly account: AccountState }
  | { readonly kind: "source"; readonly source: SourceState };

interface Cell {
  state: State;
}

type PackedCell = 0 | PackedAccount | SourceState;

function pack({ state }: Cell): PackedCell {
  if (state.kind === "new") return 0;
  return state.kind === "account" ? packAccount(state.account) : state.source;
}

function unpack(packed: PackedCell): Cell {
  if (packed === 0) return { state: { kind: "new" } };
  if ("length" in packed) return { state: { kind: "account", account: unpackAccount(packed) } };
  return { state: { kind: "source", source: packed } };
}

const json = jsonCodec<PackedCell>();

interface Version1 {
  readonly state:
    | { readonly kind: "new" }
    | { readonly kind: "account"; readonly account: Parameters<typeof accountFromVersion1>[0] }
    | { readonly kind: "source"; readonly source: Parameters<typeof sourceFromVersion1>[0] };
}

function migrateVersion1({ state }: Version1): Cell {
  switch (state.kind) {
    case "new":
      return { state };
    case "account":
      return { state: { kind: "account", account: accountFromVersion1(state.account) } };
    case "source":
      return { state: { kind: "source", source: sourceFromVersion1(state.source) } };
  }
}

/** Floods of failed logins, failures that end in a success, and one address trying many accounts. */
export const loginBurst: Detector<BurstParams, Cell> = {
  name: "login-burst",
  version: "2",
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
  encode: (cell) => json.encode(pack(cell)),
  decode: (bytes) => unpack(json.decode(bytes)),
  migrate: (bytes, from) =>
    from === "1" ? migrateVersion1(jsonCodec<Version1>().decode(bytes)) : undefined,
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
  /** Of accounts, the strength of guessing (`valueOf` in strength.ts); of sources 0. */
  statistic: (cell, windowStart) =>
    cell.state.kind === "account" ? strengthOf(cell.state.account.days, windowStart) : 0,
};
