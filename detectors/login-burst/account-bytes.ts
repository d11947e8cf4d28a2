import {
  type OldHabit,
  type PackedEvidence,
  packEvidence,
  packHabits,
  unpackEvidence,
  unpackHabits,
  withoutBefore,
} from "../runtime/packed.ts";
import { type AccountState, accountState } from "./account.ts";
import { type Strength, valueOf } from "./strength.ts";

type PackedSuccess = readonly [at: number, address: number, ip: string, evidence: PackedEvidence];

/** An account as values by position; 0 for no success. */
export type PackedAccount = readonly [
  minutes: AccountState["minutes"],
  days: (readonly [
    start: number,
    before: number,
    sprayed: number,
    peak: number,
    addresses: number,
  ])[],
  known: string,
  bursts: string,
  recent: (readonly [at: number, ...PackedEvidence])[],
  success: PackedSuccess | 0,
  hour: number,
  today: number,
  born: number,
];

export function packAccount(state: AccountState): PackedAccount {
  const { success } = state;
  return [
    state.minutes,
    state.days.map((day) => [day.start, day.before, day.sprayed, day.peak, day.addresses]),
    packHabits(state.known),
    packHabits(state.bursts),
    state.recent.map(({ at, evidence }) => [at, ...packEvidence(evidence)]),
    success === undefined
      ? 0
      : [success.at, success.address, success.ip, packEvidence(success.evidence)],
    state.hour,
    state.today,
    state.born,
  ];
}

export function unpackAccount(packed: PackedAccount): AccountState {
  const [minutes, days, known, bursts, recent, success, hour, today, born] = packed;
  return {
    minutes,
    days: days.map(([start, before, sprayed, peak, addresses]): Strength => {
      const day = { start, before, sprayed, peak, addresses };
      return { ...day, value: valueOf(day) };
    }),
    known: unpackHabits(known),
    bursts: unpackHabits(bursts),
    recent: recent.map(([at, ...evidence]) => ({ at, evidence: unpackEvidence(evidence) })),
    success:
      success === 0
        ? undefined
        : {
            at: success[0],
            address: success[1],
            ip: success[2],
            evidence: unpackEvidence(success[3]),
          },
    hour,
    today,
    born,
  };
}

/** What version 1 knew of an account; its failures of the last minutes are left behind. */
export function accountFromVersion1(old: {
  readonly known: OldHabit[];
  readonly bursts: OldHabit[];
  readonly hour: number;
  readonly today: number;
}): AccountState {
  const { known, bursts, hour, today } = old;
  return {
    ...accountState(),
    known: withoutBefore(known),
    bursts: withoutBefore(bursts),
    hour,
    today,
    born: 0,
  };
}
