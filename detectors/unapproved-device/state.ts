import { jsonCodec } from "../runtime/codec.ts";
import { packHabits, unpackHabits } from "../runtime/packed.ts";
import type { Peak } from "../stats/days.ts";
import type { Habit } from "../stats/habit.ts";

/** What a device added to the fleet's table on its latest day. */
export interface Vote {
  /** Epoch ms of the day's first event. */
  readonly at: number;
  readonly amount: number;
  /** Whether it was counted on the day before too. */
  readonly before: boolean;
}

/** What is kept about a device, which is where findings come from. */
export interface DeviceState {
  /** Day (epoch day) last reported, last counted for the fleet; -1 before the first. */
  reported: number;
  counted: number;
  managed: boolean;
  vote: Vote;
  /** Days on which it was reported. */
  reports: number;
}

/** What is kept about an account: its devices and how unusual the least usual of a day was. */
export interface AccountState {
  devices: Habit[];
  days: Peak[];
}

export interface UnapprovedState {
  device?: DeviceState;
  account?: AccountState;
}

type PackedState =
  | readonly []
  | readonly [
      reported: number,
      counted: number,
      managed: boolean,
      reports: number,
      ...vote: [at: number, amount: number, before: boolean],
    ]
  | readonly [devices: string, days: (readonly [start: number, greatest: number])[]];

function pack({ device, account }: UnapprovedState): PackedState {
  if (device !== undefined) {
    const { reported, counted, managed, reports, vote } = device;
    return [reported, counted, managed, reports, vote.at, vote.amount, vote.before];
  }
  if (account === undefined) return [];
  return [
    packHabits(account.devices),
    account.days.map(({ start, greatest }) => [start, greatest]),
  ];
}

function unpack(packed: PackedState): UnapprovedState {
  if (packed.length === 0) return {};
  if (packed.length === 7) {
    const [reported, counted, managed, reports, at, amount, before] = packed;
    return { device: { reported, counted, managed, reports, vote: { at, amount, before } } };
  }
  const days = packed[1].map(([start, greatest]): Peak => ({ start, greatest }));
  return { account: { devices: unpackHabits(packed[0]), days } };
}

const NO_VOTE: Vote = { at: 0, amount: 0, before: false };
export const deviceState = (): DeviceState => ({
  reported: -1,
  counted: -1,
  managed: true,
  vote: NO_VOTE,
  reports: 0,
});

const json = jsonCodec<PackedState>();

export const encodeState = (state: UnapprovedState): Uint8Array => json.encode(pack(state));
export const decodeState = (bytes: Uint8Array): UnapprovedState => unpack(json.decode(bytes));

/** Version 1 knew devices only, and no time of their vote. */
export const fromVersion1 = (bytes: Uint8Array): UnapprovedState => ({
  device: { ...jsonCodec<Omit<DeviceState, "vote">>().decode(bytes), vote: NO_VOTE },
});
