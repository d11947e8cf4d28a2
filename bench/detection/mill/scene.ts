import type { Page } from "../stage/drafts.ts";
import type { Plant, Worker } from "./plant.ts";

/** Where and upon whom an attack is staged. */
export interface Scene {
  readonly plant: Plant;
  readonly victim: Worker;
  readonly page: Page;
  /** 0 = as quiet as such an attack can be, 1 = loud. */
  readonly strength: number;
  /** A moment in the victim's working hours. */
  readonly at: () => number;
}
