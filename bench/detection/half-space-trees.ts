import { random } from "../random.ts";

const TREES = 25;
const DEPTH = 8;
/** Points per window and the node size below which a tree is left early (Tan et al., table 1). */
const WINDOW = 250;
const SIZE_LIMIT = 0.1 * WINDOW;

interface Tree {
  /** Feature and point of the split of each inner node, heap order. */
  readonly feature: Uint8Array;
  readonly split: Float64Array;
  /** Points of the last and of the current window per node. */
  reference: Uint32Array;
  latest: Uint32Array;
}

export interface HalfSpaceTrees {
  /** Oddness of a point of [0, 1]^d, higher is odder; the point is then learned. */
  score(point: readonly number[]): number;
}

/**
 * Streaming Half-Space Trees: S. C. Tan, K. M. Ting, T. F. Liu, "Fast Anomaly Detection for Streaming
 * Data", IJCAI 2011, algorithms 1–3, with 25 trees of depth 8 and windows of 250 points.
 */
export function createHalfSpaceTrees(features: number, seed: number): HalfSpaceTrees {
  const dice = random(seed, 25);
  const trees = Array.from({ length: TREES }, () => grow(features, () => dice.next()));
  let seen = 0;
  return {
    score(point) {
      let mass = 0;
      for (const tree of trees) mass += descend(tree, point);
      if (++seen % WINDOW === 0) trees.forEach(turn);
      return -mass;
    },
  };
}

function grow(features: number, next: () => number): Tree {
  const inner = 2 ** DEPTH - 1;
  const tree: Tree = {
    feature: new Uint8Array(inner),
    split: new Float64Array(inner),
    reference: new Uint32Array(2 * inner + 1),
    latest: new Uint32Array(2 * inner + 1),
  };
  const work = Array.from({ length: features }, () => {
    const centre = next();
    const reach = 2 * Math.max(centre, 1 - centre);
    return [centre - reach, centre + reach] as const;
  });
  divide(tree, 0, { work, next });
  return tree;
}

interface Region {
  readonly work: readonly (readonly [number, number])[];
  readonly next: () => number;
}

function divide(tree: Tree, node: number, { work, next }: Region): void {
  if (node >= tree.split.length) return;
  const feature = Math.floor(next() * work.length);
  const [low, high] = work[feature] as readonly [number, number];
  const middle = (low + high) / 2;
  tree.feature[node] = feature;
  tree.split[node] = middle;
  divide(tree, 2 * node + 1, { work: work.with(feature, [low, middle]), next });
  divide(tree, 2 * node + 2, { work: work.with(feature, [middle, high]), next });
}

/** Mass × 2^depth where the reference window thins out; counts the point on its whole way down. */
function descend(tree: Tree, point: readonly number[]): number {
  let mass = -1;
  let node = 0;
  for (let depth = 0; depth <= DEPTH; depth++) {
    const here = tree.reference[node] as number;
    if (mass < 0 && (here <= SIZE_LIMIT || depth === DEPTH)) mass = here * 2 ** depth;
    tree.latest[node] = (tree.latest[node] as number) + 1;
    if (depth === DEPTH) break;
    const right = (point[tree.feature[node] as number] as number) >= (tree.split[node] as number);
    node = 2 * node + (right ? 2 : 1);
  }
  return mass;
}

function turn(tree: Tree): void {
  tree.reference = tree.latest;
  tree.latest = new Uint32Array(tree.reference.length);
}
