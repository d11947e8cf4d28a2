/**
 * Delivers pointers to work; it remembers nothing that matters: the action log is the record, and a
 * reconciler enqueues again what was lost. A job that stalled is never re-run by the queue itself.
 */
export interface JobQueue {
  /** Idempotent per id while the id is known. `notBefore` is epoch ms. */
  enqueue(id: string, notBefore: number): Promise<void>;
  /** Handles jobs until `close`; at most `concurrency` at once (default 8). A rejecting handler ends the job. */
  work(handler: (id: string) => Promise<void>): void;
  close(): Promise<void>;
}
