import { contains, type Guard } from "./guard.ts";

/** Bounds what a wrong detector, or someone who plays it, can do to an organisation. */
export const caps: Guard = {
  name: "caps",
  check({ type, decisive, params, counts }) {
    if (!contains(type)) return undefined;
    const users = decisive["population.active_users"];
    const { caps: limits } = params;
    const hour = Math.max(limits.hour_min, Math.floor(users * limits.hour_share));
    const day = Math.max(limits.day_min, Math.floor(users * limits.day_share));
    const full = (held: number, limit: number, what: string) =>
      held >= limit ? `${held} of ${limit} ${type} actions allowed ${what} are taken.` : undefined;
    return (
      full(counts.hour, hour, `in an hour (${users} active users)`) ??
      full(counts.day, day, `in a day (${users} active users)`) ??
      full(counts.source, limits.source_hour, `in an hour from ${decisive["source.ip"] ?? ""}`) ??
      full(
        counts.detector,
        limits.detector_hour,
        `in an hour from ${decisive["detector.name"]} ${decisive["detector.version"]}`,
      )
    );
  },
};
