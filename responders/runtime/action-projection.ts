import type { Action } from "../../schemas/action.ts";

const MAX_ENDED = 10_000;
const ENDED = new Set(["planned", "suppressed", "failed", "expired", "reverted"]);

/** Newest state of each action, from the `actions` topic: the greatest revision counts. */
export interface ActionProjection {
  fold(action: Action): void;
  newest(id: string): Action | undefined;
  /** Executed actions that have not ended. */
  open(): readonly Action[];
  /** Resolves true once `id` stands at this attempt or past it, false when `signal` aborts first. */
  reached(id: string, step: string, attempt: number, signal: AbortSignal): Promise<boolean>;
}

export function createActionProjection(seed: Iterable<Action>): ActionProjection {
  const open = new Map<string, Action>();
  const ended = new Map<string, Action>();
  const watchers = new Set<(action: Action) => void>();
  const newest = (id: string) => open.get(id) ?? ended.get(id);
  const fold = (action: Action) => {
    const id = action["action.id"];
    const known = newest(id);
    if (known !== undefined && known["action.revision"] >= action["action.revision"]) return;
    open.delete(id);
    ended.delete(id);
    (hasEnded(action) ? ended : open).set(id, action);
    const oldest = ended.size > MAX_ENDED ? ended.keys().next().value : undefined;
    if (oldest !== undefined) ended.delete(oldest);
    for (const watcher of watchers) watcher(action);
  };
  for (const action of seed) fold(action);
  return {
    fold,
    newest,
    open: () => [...open.values()],
    reached(id, step, attempt, signal) {
      const known = newest(id);
      if (known !== undefined && isPast(known, step, attempt)) return Promise.resolve(true);
      if (signal.aborted) return Promise.resolve(false);
      return new Promise((resolve) => {
        const end = (result: boolean) => {
          watchers.delete(watcher);
          signal.removeEventListener("abort", aborted);
          resolve(result);
        };
        const aborted = () => end(false);
        const watcher = (action: Action) => {
          if (action["action.id"] === id && isPast(action, step, attempt)) end(true);
        };
        watchers.add(watcher);
        signal.addEventListener("abort", aborted);
      });
    },
  };
}

/** A notification has no lease: it ends when it is delivered. */
const hasEnded = (action: Action): boolean =>
  ENDED.has(action["action.status"]) ||
  (action["action.type"] === "notify" &&
    (action["action.status"] === "confirmed" || action["action.status"] === "acknowledged"));

function isPast(action: Action, step: string, attempt: number): boolean {
  if (hasEnded(action)) return true;
  if (action["action.step"] !== step) return action["action.step"] === "undo";
  return action["action.attempt"] >= attempt;
}
