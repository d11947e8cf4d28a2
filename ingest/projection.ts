import type { Event } from "../schemas/event.ts";

/** What stays behind in `events`: text of the record itself, which no detector keys or counts by. */
const OMITTED: ReadonlySet<string> = new Set([
  "event.original",
  "event.original_encoding",
  "event.created",
  "event.provider",
  "event.severity",
  "attributes",
  "message",
  "user.email",
  "user.full_name",
  "process.command_line",
  "process.parent.executable",
  "source.as.organization.name",
  "sender.ip",
  "network.community_id",
]);

/**
 * The small projection of an Event that the by-source, by-host and by-device topics carry: the same
 * `event.id` and times, and every field but long free text.
 */
export function projectionOf(event: Event): Event {
  const small: Record<string, unknown> = {};
  const fields: Readonly<Record<string, unknown>> = event;
  for (const field of Object.keys(fields)) {
    if (!OMITTED.has(field)) small[field] = fields[field];
  }
  return small as unknown as Event;
}
