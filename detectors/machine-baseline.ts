import { createBaseline } from "./baseline.ts";
import { machineParams } from "./baseline/params.ts";

/**
 * The baseline of managed endpoints and of machines seen in logs: who uses them, what runs there,
 * what they reach, when and how much. It knows nothing of the accounts' baseline, nor that of it.
 */
export const machineBaseline = createBaseline({
  name: "machine-baseline",
  title: "Behavioural baseline of machines",
  attack: ["T1078", "T1021", "T1059", "T1048"],
  blindSpots:
    "Machines that more than 20 accounts use in turn; the first 14 active days of a machine; a machine known by other names in other logs, which is several; whatever its own logs do not tell.",
  params: machineParams,
  entities: ["device", "host"],
  optIn: true,
});
