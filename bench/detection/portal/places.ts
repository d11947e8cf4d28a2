import { network, type Network } from "../stage/addresses.ts";

/** Providers of people's homes and phones. */
export const homes: readonly Network[] = [
  network(28573, "BR", "177.32", "2804:14c"),
  network(28573, "BR", "189.4", "2804:14d"),
  network(27699, "BR", "179.96", "2804:7f0"),
  network(18881, "BR", "187.112"),
  network(7738, "BR", "200.165"),
  network(53006, "BR", "186.208"),
  { ...network(263009, "BR", "168.195"), known: false },
];
export const mobiles: readonly Network[] = [
  network(26599, "BR", "179.240", "2804:18"),
  network(26615, "BR", "191.40", "2804:214"),
  network(22085, "BR", "191.128"),
];

/** Where those who travel, relay or intrude come from. */
export const abroad: readonly Network[] = [
  network(10318, "AR", "181.16"),
  network(6057, "UY", "167.56"),
  network(3243, "PT", "85.240"),
  network(2860, "PT", "188.80"),
  network(7922, "US", "68.40"),
  network(6147, "PE", "190.232"),
  network(3352, "ES", "83.40"),
  network(16509, "BR", "18.228"),
  network(16509, "US", "3.80"),
  network(14061, "US", "159.203"),
  network(9009, "BR", "146.70"),
  network(9009, "US", "37.120"),
  network(16276, "FR", "51.68"),
  network(212238, "BR", "149.102"),
  network(36352, "US", "172.245"),
  network(45102, "SG", "47.236"),
  { ...network(51852, "PA", "179.43"), known: false },
];

/** The offices' own lines, by floor. */
export const office = (floor: number): Network =>
  network(28329, "BR", floor % 4 === 0 ? "187.95" : "200.19");

export const browsers: readonly string[] = [
  "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0",
  "Mozilla/5.0 (Windows NT 10.0) Edge/131.0",
  "Mozilla/5.0 (Windows NT 10.0; rv:132.0) Firefox/132.0",
  "Mozilla/5.0 (Macintosh) Safari/18.1",
  "Mozilla/5.0 (X11; Linux) Firefox/128.0",
];
export const pocket: readonly string[] = [
  "Mozilla/5.0 (iPhone; iOS 18) Safari/18.0",
  "Mozilla/5.0 (Android 14; SM-G991B) Chrome/131.0",
  "Mozilla/5.0 (Android 13; moto g54) Chrome/130.0",
  "PortalApp/5.1 (Android 12; Redmi Note 11)",
];
/** Of macros and home-made clients. */
export const homemade: readonly string[] = [
  "python-requests/2.32.3",
  "okhttp/4.10.0",
  "Microsoft Office/16.0",
];
export const services = "timesheet benefits mailbox case-files training wiki tickets".split(" ");
