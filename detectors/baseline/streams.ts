import type { EvidenceFamily } from "../../schemas/entity.ts";

/**
 * What is combined: dependent features share a stream. The three weights are a threat model, not
 * learned: 1 may alert alone; 0.75 is strong but has many benign causes; 0.5 only corroborates.
 */
export const streams = [
  { name: "sign-in context", weight: 1, family: "place" },
  { name: "failures from strange places", weight: 1, family: "failures" },
  { name: "access", weight: 1, family: "access" },
  { name: "software", weight: 1, family: "software" },
  { name: "activity episode", weight: 1, family: "access" },
  { name: "known behaviour", weight: 1, family: "place" },
  { name: "bytes", weight: 0.75, family: "volume" },
  { name: "upload to a destination", weight: 0.75, family: "volume" },
  { name: "activity mix", weight: 0.75, family: "volume" },
  { name: "time", weight: 0.75, family: "time" },
  { name: "context episode", weight: 0.75, family: "place" },
  { name: "persistent access", weight: 0.75, family: "persistence" },
  { name: "silence", weight: 0.75, family: "volume" },
  { name: "volume", weight: 0.5, family: "volume" },
  { name: "failures", weight: 0.5, family: "failures" },
  { name: "identity", weight: 0.5, family: "device" },
  { name: "web", weight: 0.5, family: "access" },
] as const satisfies readonly {
  readonly name: string;
  readonly weight: 0.5 | 0.75 | 1;
  readonly family: EvidenceFamily;
}[];

export type StreamName = (typeof streams)[number]["name"];
export const STREAMS = streams.length;

export const streamIndex = (name: StreamName): number =>
  streams.findIndex((stream) => stream.name === name);

/** Edges of the exceedance counts, in nats. */
export const edges = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.75, 5.5, 6.5, 8, 10] as const;
export const BINS = edges.length + 1;
/** Active days that an exceedance waits before it counts as habit. */
export const LAGS = 10;

/** Number of edges at or below `f`. */
export function edgeBin(f: number): number {
  let bin = 0;
  while (bin < edges.length && f >= (edges[bin] as number)) bin++;
  return bin;
}
