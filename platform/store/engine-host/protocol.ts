/** What the parent tells the child at start, over the IPC channel: secrets never touch argv, environment or disk. */
export interface HostSettings {
  /** Folder the engine owns. */
  readonly dir: string;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Database that statements run in when they name none, once it exists. */
  readonly database: string;
  readonly writer: Account;
  readonly reader: Account;
  /** Names that may stand in a Host header besides loopback ones (protects against DNS rebinding). */
  readonly allowedHosts: readonly string[];
  readonly limits: ReaderLimits;
}

export interface Account {
  readonly user: string;
  /** Empty: no password is asked for. */
  readonly password: string;
}

/** What one reader's statement may use, and how many run at once. */
export interface ReaderLimits {
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly resultRows: number;
  readonly resultBytes: number;
  readonly threads: number;
  /** Statements at once; MUST stay below the child's thread pool. */
  readonly concurrency: number;
}

export const defaultLimits: ReaderLimits = {
  seconds: 30,
  memoryBytes: 1_500_000_000,
  resultRows: 1_000_000,
  resultBytes: 128_000_000,
  threads: 2,
  concurrency: 6,
};

/** Threads of the child's libuv pool; every running statement holds one. */
export const POOL_THREADS = 20;

/** Writer statements at once. */
export const WRITER_CONCURRENCY = 6;

export type HostMessage =
  | { readonly kind: "start"; readonly settings: HostSettings }
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "failed"; readonly message: string; readonly inUse: boolean };
