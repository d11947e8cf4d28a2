import { Compile } from "typebox/compile";
import { Event } from "./event.ts";

const event = Compile(Event);

export const isEvent = (value: unknown): value is Event => event.Check(value);

/** First thing wrong with a value that is not an Event: `path: message`. */
export function eventError(value: unknown): string {
  const first = event.Errors(value)[0];
  return first === undefined ? "" : `${first.instancePath || "/"}: ${first.message}`;
}
