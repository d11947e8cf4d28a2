import {
  type OldHabit,
  type PackedEvidence,
  packEvidence,
  packHabits,
  unpackEvidence,
  unpackHabits,
  withoutBefore,
} from "../runtime/packed.ts";
import type { Peak } from "../stats/days.ts";
import type { Factor } from "./standing.ts";
import type { Seen, TravelState } from "./state.ts";
import { noTrail, type Stay } from "./trail.ts";

type Fields<From, Names extends readonly (keyof From)[]> = {
  -readonly [Index in keyof Names]: From[Names[Index]];
};

const seenNames = [
  "at",
  "lat",
  "lon",
  "radius",
  "label",
  "country",
  "ip",
  "device",
  "tunnel",
  "reason",
] as const;

const STAY = 21;

/** Stays as base64 of 21 bytes each: 28 characters. */
function packStays(stays: readonly Stay[]): string {
  const bytes = Buffer.alloc(stays.length * STAY);
  let at = 0;
  for (const { lat, lon, radius, country, device, doubt, minute, bits } of stays) {
    at = bytes.writeInt16LE(Math.round(lat * 100), at);
    at = bytes.writeInt16LE(Math.round(lon * 100), at);
    at = bytes.writeUInt16LE(radius, at);
    for (const letter of [0, 1]) at = bytes.writeUInt16LE(country.charCodeAt(letter) || 0, at);
    at = bytes.writeUInt32LE(device, at);
    at = bytes.writeUInt8(2 * doubt, at);
    at = bytes.writeInt32LE(minute, at);
    at = bytes.writeUInt16LE(bits, at);
  }
  return bytes.toString("base64");
}

function unpackStays(text: string): Stay[] {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: bytes.length / STAY }, (_, index): Stay => {
    const at = index * STAY;
    const letters = [bytes.readUInt16LE(at + 6), bytes.readUInt16LE(at + 8)];
    return {
      lat: bytes.readInt16LE(at) / 100,
      lon: bytes.readInt16LE(at + 2) / 100,
      radius: bytes.readUInt16LE(at + 4),
      country: String.fromCharCode(...letters.filter((letter) => letter > 0)),
      device: bytes.readUInt32LE(at + 10),
      doubt: bytes.readUInt8(at + 14) / 2,
      minute: bytes.readInt32LE(at + 15),
      bits: bytes.readUInt16LE(at + 19),
    };
  });
}

const fieldsOf = <From, Names extends readonly (keyof From)[]>(
  from: From,
  names: Names,
): Fields<From, Names> => names.map((name) => from[name]) as Fields<From, Names>;

const withFields = <To>(names: readonly (keyof To)[], values: readonly unknown[]): To =>
  Object.fromEntries(names.map((name, index) => [name, values[index]])) as To;

/** The state as values by position. */
export type PackedTravel = readonly [
  places: (readonly [...Fields<Seen, typeof seenNames>, PackedEvidence])[],
  networks: string,
  devices: string,
  addresses: string,
  jumps: string,
  active: readonly [days: number, day: number],
  stays: string,
  peaks: (readonly [start: number, greatest: number])[],
  factors: readonly Factor[],
];

export const packTravel = (state: TravelState): PackedTravel => [
  state.places.map((place) => [...fieldsOf(place, seenNames), packEvidence(place.evidence)]),
  packHabits(state.networks),
  packHabits(state.devices),
  packHabits(state.addresses),
  packHabits(state.jumps),
  [state.days, state.day],
  packStays(state.trail.stays),
  state.trail.days.map(({ start, greatest }) => [start, greatest]),
  state.factors,
];

export function unpackTravel(packed: PackedTravel): TravelState {
  const [places, networks, devices, addresses, jumps, [days, day], stays, peaks, factors] = packed;
  return {
    places: places.map((values): Seen => ({
      ...withFields<Seen>(seenNames, values),
      evidence: unpackEvidence(values[seenNames.length]),
    })),
    networks: unpackHabits(networks),
    devices: unpackHabits(devices),
    addresses: unpackHabits(addresses),
    jumps: unpackHabits(jumps),
    factors: [...factors],
    days,
    day,
    trail: {
      stays: unpackStays(stays),
      days: peaks.map(([start, greatest]): Peak => ({ start, greatest })),
    },
  };
}

type Habits = "networks" | "devices" | "addresses" | "jumps";
/** Of version 1, plain JSON. */
export type Version1 = Pick<TravelState, "days" | "day"> & Record<Habits, OldHabit[]>;

/** Places of older versions do not say what speaks for them; they would be of one day's use. */
export const fromVersion1 = (old: Version1): TravelState => ({
  places: [],
  networks: withoutBefore(old.networks),
  devices: withoutBefore(old.devices),
  addresses: withoutBefore(old.addresses),
  jumps: withoutBefore(old.jumps),
  factors: [],
  days: old.days,
  day: old.day,
  trail: noTrail(),
});

/** Of version 2, which packed places and stays in other ways and knew no factors. */
export type Version2 = readonly [
  places: unknown,
  networks: string,
  devices: string,
  addresses: string,
  jumps: string,
  active: readonly [days: number, day: number],
];

export const fromVersion2 = ([, networks, devices, addresses, jumps, active]: Version2) =>
  unpackTravel([[], networks, devices, addresses, jumps, active, "", [], []]);
