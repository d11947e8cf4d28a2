import type { Event } from "../schemas/event.ts";

/** OCSF 1.x class and activity of an ECS category and type; undefined where we name none. */
export function ocsfOf(
  event: Partial<Event>,
): { classUid: number; activityId: number } | undefined {
  const categories = event["event.category"] ?? [];
  const types = event["event.type"] ?? [];
  const end = types.includes("end");
  const start = types.includes("start");
  // Authentication: 1 logon, 2 logoff, 99 other.
  if (categories.includes("authentication")) {
    return { classUid: 3002, activityId: end ? 2 : start ? 1 : 99 };
  }
  if (categories.includes("session") && end) return { classUid: 3002, activityId: 2 };
  // Process activity: 1 launch, 2 terminate. Network activity: 1 open, 2 close, 6 traffic.
  if (categories.includes("process")) {
    return { classUid: 1007, activityId: end ? 2 : start ? 1 : 99 };
  }
  if (categories.includes("network")) {
    return { classUid: 4001, activityId: end ? 2 : start ? 1 : 6 };
  }
  return undefined;
}
