import type { Command } from "../command.ts";
import { actions } from "./actions.ts";
import { backfill } from "./backfill.ts";
import { check } from "./check.ts";
import { demo } from "./demo.ts";
import { createGenerate } from "./generate.ts";
import { normalize } from "./normalize.ts";
import { query } from "./query.ts";
import { rejects } from "./rejects.ts";
import { replay } from "./replay.ts";
import { run } from "./run.ts";

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  run,
  demo,
  query,
  actions,
  rejects,
  backfill,
  replay,
  normalize,
  check,
  createGenerate(() => commands),
];
