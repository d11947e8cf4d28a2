/** A partition by name: `<topic>/<number>`. */
export type PartitionName = string;

export interface Member {
  readonly id: string;
  readonly topics: readonly string[];
  /** What it holds and has not yet drained. */
  readonly owned: readonly PartitionName[];
  /** Generation in which it got that; the greater one is right when two claim a partition. */
  readonly generation: number;
}

export const partitionName = (topic: string, partition: number): PartitionName =>
  `${topic}/${partition}`;

export function splitName(name: PartitionName): { topic: string; partition: number } {
  const slash = name.lastIndexOf("/");
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) };
}

/**
 * Shares partitions evenly and moves as few as possible. A partition that must move is given to
 * nobody first: its holder drains it and joins again, and only that round hands it on.
 */
export function sharePartitions(
  members: readonly Member[],
  counts: ReadonlyMap<string, number>,
): Map<string, PartitionName[]> {
  const shares = new Map<string, PartitionName[]>();
  const sorted = members.toSorted((one, two) => (one.id < two.id ? -1 : 1));
  for (const { id } of sorted) shares.set(id, []);
  const names = [...counts].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => partitionName(topic, partition)),
  );
  const holders = holdersOf(sorted, new Set(names));
  const free = keepWithinQuota(names, holders, shares);
  for (const name of free) {
    const { topic } = splitName(name);
    const target = leastLoaded(
      sorted.filter((member) => member.topics.includes(topic)),
      (id) => shares.get(id)?.length ?? 0,
    );
    if (target === undefined) continue;
    const share = shares.get(target) ?? [];
    share.push(name);
    shares.set(target, share);
  }
  // What somebody else still holds is withheld until it has drained.
  for (const [id, share] of shares) {
    shares.set(
      id,
      share.filter((name) => (holders.get(name) ?? id) === id),
    );
  }
  return shares;
}

function holdersOf(
  members: readonly Member[],
  known: ReadonlySet<PartitionName>,
): Map<PartitionName, string> {
  const holders = new Map<PartitionName, string>();
  for (const member of members.toSorted((one, two) => two.generation - one.generation)) {
    for (const name of member.owned) {
      const subscribed = member.topics.includes(splitName(name).topic);
      if (known.has(name) && subscribed && !holders.has(name)) holders.set(name, member.id);
    }
  }
  return holders;
}

/** Leaves each member what it has, up to an even share. @returns what is to be given out */
function keepWithinQuota(
  names: readonly PartitionName[],
  holders: ReadonlyMap<PartitionName, string>,
  shares: Map<string, PartitionName[]>,
): PartitionName[] {
  const least = Math.floor(names.length / Math.max(1, shares.size));
  let extra = names.length - least * shares.size;
  const free: PartitionName[] = [];
  for (const name of names) {
    const share = shares.get(holders.get(name) ?? "");
    if (share !== undefined && (share.length < least || (share.length === least && extra > 0))) {
      if (share.length === least) extra -= 1;
      share.push(name);
    } else {
      free.push(name);
    }
  }
  return free;
}

function leastLoaded(members: readonly Member[], load: (id: string) => number): string | undefined {
  let best: string | undefined;
  for (const { id } of members) {
    if (best === undefined || load(id) < load(best)) best = id;
  }
  return best;
}
