import cliProgress from "cli-progress";
import type { Streams } from "./command.ts";

export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** A bar on a terminal, nothing on a pipe. `total` in `unit`s; 0 when unknown. */
export function progressBar(streams: Streams, title: string, total: number, unit = ""): Progress {
  if (streams.err.isTTY !== true || total <= 0) return { update: () => {}, stop: () => {} };
  const bar = new cliProgress.SingleBar(
    {
      format: `${title} {bar} {percentage} %  {value}/{total} ${unit}  {eta_formatted} left`,
      stream: streams.err as NodeJS.WriteStream,
      hideCursor: true,
      fps: 8,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return {
    update: (done) => {
      bar.update(Math.min(done, total));
    },
    stop: () => {
      bar.update(total);
      bar.stop();
    },
  };
}

/** ANSI colours on a terminal only. */
export function paint(
  streams: Streams,
): Record<"bold" | "green" | "red" | "dim" | "yellow", (text: string) => string> {
  const colour = (open: number, close: number) => (text: string) =>
    streams.out.isTTY === true ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: colour(1, 22),
    green: colour(32, 39),
    red: colour(31, 39),
    dim: colour(2, 22),
    yellow: colour(33, 39),
  };
}
