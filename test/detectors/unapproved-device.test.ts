import { describe, expect, it } from "vitest";
import { unapprovedDevice } from "../../detectors/unapproved-device.ts";
import type { Event } from "../../schemas/event.ts";
import { event, run } from "./harness.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = Date.UTC(2026, 2, 2, 8);

const use = (at: number, device: string, more: Partial<Event> = {}) =>
  event(at, {
    "event.category": ["authentication"],
    "event.outcome": "success",
    "user.entity.id": "ana",
    "device.id": device,
    "device.managed": true,
    ...more,
  });

/** Four days of 20 managed devices, and of some unmanaged ones. */
const fleet = (unmanaged = 0): Event[] =>
  [0, 1, 2, 3].flatMap((day) => [
    ...Array.from({ length: 20 }, (_, index) =>
      use(START + day * DAY + index * MINUTE, `m${index}`),
    ),
    ...Array.from({ length: unmanaged }, (_, index) =>
      use(START + day * DAY + (30 + index) * MINUTE, `u${index}`, { "device.managed": false }),
    ),
  ]);
const later = START + 4 * DAY;
const stranger = (more: Partial<Event> = {}) =>
  use(later, "x", { "device.managed": false, ...more });

const findings = (events: Event[], options = {}) =>
  run([unapprovedDevice], events, options).findings.filter((found) => found.entity === "x");

describe("unapproved-device", () => {
  it.each([false, true])("is certain in a managed fleet (recode %s)", (recode) => {
    expect(findings([...fleet(), stranger()], { recode })).toMatchObject([
      {
        certain: true,
        severity: 75,
        kind: "device",
        related: [{ type: "user", id: "ana" }],
        evidence: [{ success: true }],
      },
    ]);
  });

  it("is a note where people bring their own, and while the fleet is not known", () => {
    expect(findings([...fleet(5), stranger()])).toMatchObject([{ certain: false, severity: 10 }]);
    expect(findings([stranger()])).toMatchObject([{ certain: false, severity: 35 }]);
  });

  it.each([
    ["managed", { "device.managed": true }],
    ["silent about management", { "device.managed": undefined }],
    ["a failure", { "event.outcome": "failure" }],
  ])("stays silent for a device that is %s", (_, more) => {
    const { "device.managed": managed, ...rest } = stranger(more as Partial<Event>);
    const last = managed === undefined ? (rest as Event) : stranger(more as Partial<Event>);
    expect(findings([...fleet(), last])).toEqual([]);
  });

  it("reports a non-compliant device softly", () => {
    const last = use(later, "x", { "device.compliant": false });
    expect(findings([...fleet(), last])).toMatchObject([{ certain: false, severity: 30 }]);
  });

  it("goes by the list where there is one, from parameters or from operators", () => {
    const known = use(later, "x");
    const params = { "unapproved-device": { approved: ["m1"] } };
    expect(findings([known], { params })).toMatchObject([{ certain: true }]);
    const control = { "list:devices.approved:m1": 1 };
    expect(findings([known], { control })).toMatchObject([{ certain: true }]);
    expect(findings([stranger()], { control: { "list:devices.approved:x": 1 } })).toEqual([]);
  });

  it("reports once a day, three days, then once a month", () => {
    const events = Array.from({ length: 40 * 24 }, (_, hour) =>
      use(later + hour * 3_600_000, "x", { "device.managed": false }),
    );
    const days = findings([...fleet(), ...events]).map(
      (found) => Math.ceil((found.windowStart - START) / DAY) - 4,
    );
    expect(days).toEqual([0, 1, 2, 32]);
  });
});

describe("unapproved-device, how unusual an account's device is", () => {
  const today = Math.floor(later / DAY) * DAY;
  const unusual = (events: Event[], options = {}): number =>
    run([unapprovedDevice], events, options).statistic("unapproved-device user ana", today);
  const known = Array.from({ length: 3 }, (_, day) =>
    use(START + day * DAY, "x", { "device.managed": false }),
  );

  it("is 0 for managed and listed devices", () => {
    expect(unusual([...fleet(), use(later, "new")])).toBe(0);
    const control = { "list:devices.approved:x": 1 };
    expect(unusual([...fleet(), stranger()], { control })).toBe(0);
  });

  it.each([
    ["fewer unmanaged devices around", [...fleet(), stranger()], [...fleet(5), stranger()]],
    ["a device new to the account", [...fleet(), stranger()], [...fleet(), ...known, stranger()]],
    [
      "an unmanaged device",
      [...fleet(), stranger()],
      [...fleet(), use(later, "x", { "device.compliant": false })],
    ],
    ["a fleet that is known", [...fleet(), stranger()], [stranger()]],
  ])("is greater with %s", (_, more, less) => {
    const inOrder = (events: Event[]) =>
      events.toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));
    expect(unusual(inOrder(more))).toBeGreaterThan(unusual(inOrder(less)));
    expect(unusual(inOrder(less))).toBeGreaterThan(0);
    expect(unusual(inOrder(more), { recode: true })).toBe(unusual(inOrder(more)));
  });

  it("keeps yesterday's, and says nothing about the device itself", () => {
    const next = use(later + DAY, "m1");
    const { statistic } = run([unapprovedDevice], [...fleet(), stranger(), next]);
    expect(statistic("unapproved-device user ana", today)).toBeGreaterThan(0);
    expect(statistic("unapproved-device user ana", today + DAY)).toBe(0);
    expect(statistic("unapproved-device device x", today)).toBe(0);
  });

  it("takes over what version 1 knew", () => {
    const old = { reported: 3, counted: 5, managed: false, reports: 2 };
    const state = unapprovedDevice.migrate(Buffer.from(JSON.stringify(old)), "1");
    expect(state?.device).toMatchObject(old);
    if (state === undefined) throw new Error("nothing was taken over");
    expect(unapprovedDevice.decode(unapprovedDevice.encode(state))).toEqual(state);
    expect(unapprovedDevice.migrate(Buffer.from("{}"), "0")).toBeUndefined();
  });
});
