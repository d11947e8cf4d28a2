import { type Command, usageError } from "../command.ts";

export const demo: Command = {
  name: "demo",
  summary: "a small company lives five weeks in a minute, is attacked, and is defended",
  usage: ["demo [--exit]"],
  options: { exit: { type: "boolean" } },
  help: { exit: "end when the story is told; 0 only if every step held" },
  run() {
    throw usageError("being written");
  },
};
