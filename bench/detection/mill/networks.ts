import { random, type Random } from "../../random.ts";
import { addressIn, type Network, network, placeOf } from "../stage/addresses.ts";
import type { Fields } from "../stage/drafts.ts";

/** Carriers that people of the mill live with; the last ones are small and badly registered. */
export const carriers: readonly Network[] = [
  network(24560, "IN", "122.161", "2401:4900"),
  network(45609, "IN", "106.206", "2401:4900"),
  network(55836, "IN", "49.36", "2409:4000"),
  network(55836, "IN", "157.32", "2409:4040"),
  network(9829, "IN", "117.200"),
  network(17488, "IN", "202.142"),
  network(38266, "IN", "27.97", "2402:3a80"),
  network(18101, "IN", "115.240"),
  network(133982, "IN", "103.77"),
  { ...network(138754, "IN", "103.163", "2405:201"), known: false },
];

/** Where travellers, private tunnels and thieves come from alike. */
export const faraway: readonly Network[] = [
  network(14061, "SG", "139.59"),
  network(14061, "IN", "143.110"),
  network(16509, "IN", "13.232"),
  network(16509, "US", "54.84"),
  network(8075, "IN", "20.193"),
  network(16276, "FR", "51.91"),
  network(24940, "DE", "65.108", "2a01:4f9"),
  network(9009, "GB", "146.70"),
  network(9009, "NL", "185.107"),
  network(212238, "US", "89.187"),
  network(60068, "SG", "156.146"),
  network(8966, "AE", "94.200"),
  network(5384, "AE", "86.96"),
  network(7473, "SG", "203.116"),
  network(3320, "DE", "87.128", "2003:c1"),
  network(2856, "GB", "86.128"),
  network(7922, "US", "73.92", "2601:600"),
  network(4134, "CN", "113.64"),
  network(4713, "JP", "153.160"),
  network(9121, "TR", "85.100"),
  network(7552, "VN", "27.72"),
  network(17494, "BD", "114.130"),
  network(18001, "LK", "112.134"),
  network(17501, "NP", "202.70"),
  network(36992, "EG", "41.32"),
  { ...network(203020, "RO", "45.134"), known: false },
];

/** Exits of the web proxy: another one every day. */
const exits: readonly Network[] = [
  network(53813, "IN", "165.225"),
  network(53813, "SG", "165.225"),
  network(62044, "IN", "136.226"),
  network(22616, "IN", "147.161"),
  network(53813, "AE", "147.161"),
];

/** What the proxy's address is on a day, for everyone who leaves through it. */
export function exitOf(seed: number, day: number): Fields {
  const dice = random(seed, 31, day);
  const net = dice.chance(0.7) ? (exits[0] as Network) : dice.pick(exits);
  return placeOf(net, addressIn(net, dice));
}

/** Addresses out of a city's networks: mostly the common carriers. */
export const carrierFor = (dice: Random): Network =>
  carriers[
    Math.min(carriers.length - 1, Math.floor(dice.next() ** 1.6 * carriers.length))
  ] as Network;
