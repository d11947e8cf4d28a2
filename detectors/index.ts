import { baseline } from "./baseline.ts";
import type { Detector } from "./detector.ts";
import { impossibleTravel } from "./impossible-travel.ts";
import { loginBurst } from "./login-burst.ts";
import { machineBaseline } from "./machine-baseline.ts";
import { unapprovedDevice } from "./unapproved-device.ts";

/** Every detector, by configuration key. Adding one is a file, a line here and a test. */
export const detectors: readonly Detector[] = [
  baseline,
  impossibleTravel,
  unapprovedDevice,
  loginBurst,
  machineBaseline,
];
