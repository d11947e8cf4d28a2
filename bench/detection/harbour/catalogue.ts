import type { Random } from "../../random.ts";
import { skewed } from "./draws.ts";

/** Names of what people use; lists are in order of popularity. */

const words = (text: string): readonly string[] => text.split(" ");

export const commonServices = words(
  "mail chat files wiki intranet time-sheets travel-desk expenses learning meeting",
);
export const commonPrograms = words(
  "msedge.exe outlook.exe teams.exe excel.exe explorer.exe winword.exe chrome.exe acrobat.exe onenote.exe powerpnt.exe notepad.exe zoom.exe firefox.exe snippingtool.exe calc.exe mspaint.exe vlc.exe",
);

/** Tools that serve administrators, developers and intruders alike. */
export const dualUseTools = words(
  "powershell.exe 7z.exe putty.exe winscp.exe curl.exe anydesk.exe nmap.exe psexec.exe wireshark.exe plink.exe rclone.exe procdump.exe teamviewer.exe certutil.exe wmic.exe adexplorer.exe ngrok.exe bitsadmin.exe dsquery.exe netscan.exe megacmd.exe adfind.exe sharphound.exe",
);

/** Places in the cloud to which people, partners and thieves upload. */
export const cloudStores = words(
  "filebay.example quickdrop.example sharebin.example boxyard.example sendaway.example cloudlocker.example transferly.example megastash.example pastehub.example gitforge.example",
);

export const agents = words(
  "Edge-Windows Chrome-Windows Chrome-macOS Safari-macOS Firefox-Windows Firefox-Linux Chrome-Linux Edge-macOS",
).map((name) => {
  const [browser, system] = name.split("-") as [string, string];
  const platform = {
    Windows: "Windows NT 10.0; Win64; x64",
    macOS: "Macintosh; Intel Mac OS X 10_15_7",
    Linux: "X11; Linux x86_64",
  }[system];
  return (major: number): string =>
    `Mozilla/5.0 (${platform}) ${browser}/${major}.0.${major * 7}.${major % 13}`;
});
export const phoneAgents = words("iPhone-Mail Android-Mail iPhone-Chat Android-Chat").map(
  (name) =>
    (major: number): string =>
      `Harbour${name.split("-")[1]}/${major} (${name.split("-")[0]}; Mobile)`,
);
export const scriptAgents = words("python-requests/2.32 curl/8.9 Go-http-client/2.0 okhttp/4.12");

const syllables = words("ka lo mer tin sa vo rel ana pic den fo ru bel hau ost lin gra nu tor wex");

const nameOf = (number: number): string => {
  let left = number * 7919 + 13;
  let name = "";
  for (let part = 0; part < 4; part++) {
    name += syllables[left % syllables.length]!;
    left = Math.floor(left / syllables.length);
  }
  return name;
};

const knownDomains = Array.from({ length: 6000 }, (_, index) => `${nameOf(index)}.example`);

/** A site of the web: popular ones often, one in a hundred that hardly anybody ever saw. */
export const webSite = (dice: Random): string =>
  dice.chance(0.01)
    ? `${nameOf(6000 + dice.integer(140_000))}.example`
    : skewed(knownDomains, dice, 3);

/** Small programs that few have: the long tail of every software inventory. */
export const oddProgram = (dice: Random): string =>
  `${nameOf(Math.floor(dice.next() ** 2 * 900))}.exe`;

const firstNames = words(
  "ada bram cleo dirk elif femi goran hiba ines jonas kaja lars mina noor otto pilar quentin rafa sanne tomek ursula vikram wanda xander yara zeynep aisha boris carmen dmitri",
);
const lastNames = words(
  "bakker kowalska hughes carter lim souza jansen nowak taylor reyes tan oliveira visser lewandowski brown nguyen ong ribeiro dekker zielinska mbeki ito kaya hansen marin fontaine",
);

/** A name of its own for every number. */
export function accountName(index: number): string {
  const first = firstNames[index % firstNames.length]!;
  const last = lastNames[(index * 7 + Math.floor(index / firstNames.length)) % lastNames.length]!;
  const round = Math.floor(index / (firstNames.length * lastNames.length));
  return `${first}.${last}${round === 0 ? "" : round + 1}`;
}
