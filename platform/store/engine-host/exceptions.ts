/** An error as ClickHouse words it: `Code: N. DB::Exception: text (NAME)`. */
export interface DbException {
  readonly code: number;
  readonly body: string;
  readonly status: number;
}

const VERSION = "26.7.2.1";

/** Statuses of ClickHouse's `exceptionCodeToHTTPStatus`; everything else is 500. */
const statuses: ReadonlyMap<number, number> = new Map([
  [6, 400],
  [26, 400],
  [27, 400],
  [38, 400],
  [41, 400],
  [43, 400],
  [53, 400],
  [62, 400],
  [72, 400],
  [46, 404],
  [47, 404],
  [50, 404],
  [60, 404],
  [73, 404],
  [81, 404],
  [115, 404],
  [159, 408],
  [202, 503],
  [516, 403],
  [291, 403],
]);

/** An exception of our own. @param name ClickHouse's symbolic name of `code`. */
export const exception = (code: number, name: string, text: string): DbException => ({
  code,
  status: statuses.get(code) ?? 500,
  body: `Code: ${code}. DB::Exception: ${text} (${name}) (version ${VERSION} (official build))\n`,
});

/** What the engine threw, as a server would answer it. */
export function exceptionOf(error: unknown): DbException {
  const text = error instanceof Error ? error.message : String(error);
  const code = Number(/Code: (\d+)\. DB::/.exec(text)?.[1] ?? 1002);
  const worded = text.includes("DB::") ? text : `Code: ${code}. DB::Exception: ${text}`;
  return {
    code,
    status: statuses.get(code) ?? 500,
    body: `${worded.trimEnd()} (version ${VERSION} (official build))\n`,
  };
}

/** Thrown inside the host to answer with an exception. */
export class Refusal extends Error {
  readonly exception: DbException;

  constructor(code: number, name: string, text: string) {
    super(text);
    this.exception = exception(code, name, text);
  }
}

export const answerOf = (error: unknown): DbException =>
  error instanceof Refusal ? error.exception : exceptionOf(error);
