import type { Day, Feature } from "../feature.ts";
import { Field } from "../fields.ts";
import { hash32 } from "../../stats/hash.ts";
import { describeNews } from "./novelty.ts";

/**
 * Programs that administrators have reason to run and intruders like to: taken from the software
 * that MITRE ATT&CK lists as tools (https://attack.mitre.org/software/) and from the LOLBAS project's
 * list of system binaries (https://lolbas-project.github.io). A name here is no verdict: how often
 * accounts first run one is learned like the frequency of anything else.
 */
const names: readonly string[] = `psexec psexec64 psexesvc paexec mimikatz procdump procdump64
  rclone megasync megacmd winscp plink pscp putty ngrok chisel frpc cloudflared anydesk
  teamviewer screenconnect atera splashtop rustdesk ammyy nmap masscan netscan advanced_ip_scanner
  adfind adexplorer bloodhound sharphound rubeus kerbrute certify seatbelt lazagne crackmapexec
  netexec impacket secretsdump wmiexec smbexec responder hashcat john hydra nc ncat netcat socat
  7z 7za rar winrar pwsh wmic mshta certutil bitsadmin rundll32 regsvr32 cscript wscript schtasks
  vssadmin wbadmin ntdsutil nltest dsquery csvde ldifde whoami quser wevtutil installutil msbuild
  esentutl reg sc at curl wget tcpdump tshark wireshark metasploit msfconsole powersploit empire
  tor proxychains gost sshuttle restic mailsniper`
  .split(/\s+/)
  .filter((name) => name !== "");

const hashes: ReadonlySet<number> = new Set(
  names.flatMap((name) => [hash32(name, Field.program), hash32(`${name}.exe`, Field.program)]),
);

/** What a first use is worth beside how rare the program is among peers. */
const FIRST_USE = 1;

/** Programs of intruders and administrators that the account never ran before. */
export const dualUse: Feature = {
  name: "dual-use program",
  stream: "software",
  memory: 0,
  sums: 0,
  surprise(day: Day) {
    if ((day.window.met[Field.program] as number) === 0) return 0;
    let x = 0;
    for (const { field, hash, bucket } of day.window.news) {
      if (field !== Field.program || !hashes.has(hash)) continue;
      x += FIRST_USE - Math.log(day.know.rarity(day.state.group, field, bucket)) / 2;
    }
    return x;
  },
  describe: (day) => describeNews(day, [Field.program]),
};
