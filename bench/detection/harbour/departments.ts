/** What people of a port operator do all day, by department. */

/** Kinds of record a person's work leaves, in the order of `Department.mix`. */
export const workKinds = ["app", "logon", "process", "file", "web", "dns", "flow", "mail"] as const;
export type WorkKind = (typeof workKinds)[number];

export interface Department {
  readonly name: string;
  readonly code: string;
  /** Part of all people; the parts sum to about 1. */
  readonly share: number;
  /** Relative frequency of each of `workKinds`. */
  readonly mix: readonly number[];
  /** Median events of a working day. */
  readonly rate: number;
  /** Median of new things tried on a working day. */
  readonly curiosity: number;
  /** Servers per ten people. */
  readonly hosts: number;
  readonly shifts: "day" | "rotating" | "flexible";
  /** Chance of a day at the office, and of being a traveller. */
  readonly office: number;
  readonly travel: number;
  /** Chance that a person works at shared machines. */
  readonly kiosk: number;
  /** Uses administrators' and developers' tools. */
  readonly tools: number;
  readonly services: readonly string[];
  readonly programs: readonly string[];
  readonly folders: readonly string[];
  /** Days of the month with twice the work and large files; negative from its end. */
  readonly peaks: readonly number[];
}

type Row = readonly [
  name: string,
  code: string,
  share: number,
  rate: number,
  curiosity: number,
  hosts: number,
  shifts: Department["shifts"],
  chances: readonly [office: number, travel: number, kiosk: number, tools: number],
  mix: string,
  services: string,
  programs: string,
  folders: string,
  peaks: readonly number[],
];

// mix: app logon process file web dns flow mail
const rows: readonly Row[] = [
  [
    "quay",
    "qy",
    0.24,
    34,
    0.05,
    1,
    "rotating",
    [1, 0, 0.75, 0],
    "20 26 18 8 8 8 6 6",
    "berth-plan yard-map crane-log gate lashing",
    "tos-client.exe craneview.exe yardscan.exe",
    "shifts incidents lashing berth manuals",
    [],
  ],
  [
    "freight",
    "fr",
    0.17,
    52,
    0.12,
    1,
    "day",
    [0.65, 0.1, 0.05, 0],
    "26 8 14 20 14 6 5 7",
    "bookings tariffs tracking manifests carrier-portal",
    "tos-client.exe edifact.exe ratecalc.exe",
    "bookings tariffs carriers claims manifests contracts",
    [1, 15],
  ],
  [
    "customs",
    "cu",
    0.06,
    58,
    0.08,
    1.4,
    "day",
    [0.8, 0.02, 0.1, 0],
    "28 10 12 26 10 5 3 6",
    "declarations seals risk-lists manifests vault",
    "declarant.exe sealview.exe edifact.exe",
    "declarations seals audits embargo rulings",
    [-1, -2],
  ],
  [
    "software",
    "sw",
    0.12,
    78,
    0.5,
    6,
    "flexible",
    [0.35, 0.06, 0, 0.5],
    "16 22 30 4 12 6 9 1",
    "git-forge pipelines tickets registry staging logs feature-flags",
    "code.exe git.exe node.exe python.exe docker.exe ssh.exe java.exe idea64.exe make.exe kubectl.exe dotnet.exe",
    "builds datasets designs releases archive",
    [10, 24],
  ],
  [
    "sales",
    "sl",
    0.09,
    44,
    0.14,
    0.7,
    "day",
    [0.4, 0.4, 0, 0],
    "28 3 12 14 22 7 5 9",
    "crm quotes tariffs tracking events",
    "crmdesk.exe salesmap.exe",
    "quotes accounts campaigns events contracts",
    [-1],
  ],
  [
    "finance",
    "fi",
    0.065,
    56,
    0.08,
    1.2,
    "day",
    [0.6, 0.05, 0, 0],
    "24 8 14 28 10 5 4 7",
    "ledger payments treasury payroll tariffs",
    "ledger.exe sapgui.exe powerbi.exe",
    "ledger invoices payroll treasury tax budget close",
    [-1, 1, 2],
  ],
  [
    "fleet",
    "fl",
    0.07,
    26,
    0.06,
    0.6,
    "rotating",
    [0.1, 0.3, 0.3, 0],
    "34 6 10 8 14 8 8 12",
    "voyage tug-dispatch tracking weather crew",
    "ecdis.exe tugplan.exe",
    "voyages crew logs inspections",
    [],
  ],
  [
    "contact",
    "ct",
    0.07,
    62,
    0.09,
    0.8,
    "rotating",
    [0.5, 0, 0.15, 0.03],
    "34 6 14 10 22 6 3 5",
    "helpline tracking bookings callback",
    "phonebar.exe anydesk.exe helpline.exe",
    "cases scripts training",
    [],
  ],
  [
    "plant",
    "pl",
    0.055,
    36,
    0.12,
    2,
    "rotating",
    [0.95, 0.02, 0.4, 0.1],
    "16 24 20 14 10 6 8 2",
    "work-orders spares scada-view permits",
    "plcstudio.exe hmi.exe cadview.exe",
    "drawings permits firmware manuals",
    [],
  ],
  [
    "it-operations",
    "it",
    0.035,
    74,
    0.7,
    14,
    "flexible",
    [0.5, 0.04, 0, 1],
    "14 34 28 6 8 5 4 1",
    "monitoring tickets backup-console vault identity hypervisor",
    "ssh.exe mmc.exe python.exe ansible.exe kubectl.exe mstsc.exe code.exe",
    "images backups scripts configs licences",
    [],
  ],
  [
    "legal",
    "lg",
    0.023,
    40,
    0.1,
    1,
    "day",
    [0.55, 0.12, 0, 0],
    "22 3 12 34 16 4 3 6",
    "contracts-vault e-sign matters",
    "redact.exe docucompare.exe",
    "matters contracts claims disputes",
    [],
  ],
  [
    "personnel",
    "pe",
    0.022,
    42,
    0.09,
    1,
    "day",
    [0.6, 0.06, 0, 0],
    "28 3 12 28 14 4 3 8",
    "payroll people-file recruiting learning",
    "orgplan.exe payslip.exe",
    "people payroll recruiting appraisals",
    [-3],
  ],
  [
    "analytics",
    "an",
    0.024,
    66,
    0.35,
    5,
    "flexible",
    [0.4, 0.06, 0, 0.3],
    "14 16 28 14 10 4 13 1",
    "notebooks warehouse dashboards pipelines",
    "python.exe rstudio.exe powerbi.exe duckdb.exe code.exe",
    "extracts models datasets reports",
    [1],
  ],
  [
    "security",
    "sc",
    0.021,
    60,
    0.6,
    8,
    "flexible",
    [0.5, 0.05, 0, 0.9],
    "16 22 30 6 14 7 4 1",
    "siem tickets vault scanner cameras",
    "python.exe wireshark.exe nmap.exe mmc.exe ssh.exe",
    "cases evidence reports",
    [],
  ],
];

const list = (text: string): readonly string[] => text.split(" ");

export const departments: readonly Department[] = rows.map(
  ([name, code, share, rate, curiosity, hosts, shifts, chances, mix, ...rest]) => ({
    name,
    code,
    share,
    rate,
    curiosity,
    hosts,
    shifts,
    office: chances[0],
    travel: chances[1],
    kiosk: chances[2],
    tools: chances[3],
    mix: list(mix).map(Number),
    services: list(rest[0]),
    programs: list(rest[1]),
    folders: list(rest[2]),
    peaks: rest[3],
  }),
);
