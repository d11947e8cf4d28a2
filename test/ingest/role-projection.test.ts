import { expect, test } from "vitest";
import { projectionOf } from "../../ingest/projection.ts";
import type { Event } from "../../schemas/event.ts";

const event: Event = {
  "@timestamp": "2026-11-24T10:00:00.000Z",
  "event.id": "0".repeat(32),
  "event.dataset": "linux.sshd",
  "event.ingested": "2026-11-24T10:00:01.000Z",
  "event.original": "the bytes",
  "event.outcome": "failure",
  "event.future": false,
  "user.entity.id": "ann",
  "source.ip": "192.0.2.1",
  "sender.authenticated": false,
  message: "text",
  attributes: "{}",
};

test("a projection is the same event without its text, and leaves the event alone", () => {
  const before = structuredClone(event);
  const { "event.original": _o, message: _m, attributes: _a, ...rest } = event;
  expect(projectionOf(event)).toEqual(rest);
  expect(event).toEqual(before);
});
