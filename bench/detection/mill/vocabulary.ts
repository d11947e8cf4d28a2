/** Words of the mill: what its records call things. No word is only an attacker's. */

export const floorUnits =
  "blowroom carding combing spinning winding warping sizing weaving dyeing printing finishing folding boiler effluent dispatch gate".split(
    " ",
  );
export const officeUnits =
  "accounts purchase planning payroll laboratory design quality clinic".split(" ");

export const floorPrograms =
  "loommon.exe tallypad.exe zebraprint.exe gateterm.exe osk.exe doffcount.exe".split(" ");
export const officePrograms =
  "excel.exe winword.exe outlook.exe msedge.exe tally.exe acrord32.exe notepad.exe powerpnt.exe teams.exe ultrafab.exe dbvisual.exe mspaint.exe calc.exe coats.exe labdip.exe spectro.exe".split(
    " ",
  );
export const technicalPrograms =
  "msedge.exe mstsc.exe putty.exe winscp.exe code.exe powershell.exe tiaportal.exe step7.exe wincc.exe notepad++.exe vmconnect.exe mmc.exe python.exe filezilla.exe wireshark.exe".split(
    " ",
  );

/** Tools that every engineer starts once a year and a thief on his first evening; ever rarer to the right. */
export const rareTools: readonly string[] = [
  ..."robocopy.exe certutil.exe nltest.exe psexec.exe bitsadmin.exe wmic.exe procdump.exe 7z.exe nmap.exe rclone.exe csvde.exe advanced_ip_scanner.exe vssadmin.exe adexplorer.exe ntdsutil.exe putty-cm.exe anydesk.exe megasync.exe netscan.exe procexp64.exe pscp.exe plink.exe sdelete.exe esedbexport.exe teamviewer.exe cain.exe chisel.exe ngrok.exe".split(
    " ",
  ),
  ...Array.from({ length: 160 }, (_, index) => `fieldkit-${index}.exe`),
];

export const commands =
  "/usr/bin/systemctl /usr/bin/journalctl /usr/bin/apt /usr/bin/tail /usr/bin/vi /usr/bin/cp /usr/bin/docker /usr/bin/psql /usr/bin/rsync /usr/bin/tcpdump /usr/bin/ss /usr/bin/crontab /usr/bin/mount /usr/bin/less /usr/bin/nft /usr/bin/find /usr/bin/tar /usr/bin/visudo /usr/bin/passwd /usr/bin/nc".split(
    " ",
  );

export const everyonesClients = ["shiftboard", "canteen", "webmail", "account"];
export const floorClients = ["mes-kiosk", "safety-log", "timeclock", "andon"];
export const officeClients =
  "erp documents expenses supplier-portal bi-reports helpdesk lims travel recruiting customs forex intranet archive cad-vault".split(
    " ",
  );
export const technicalClients =
  "helpdesk git monitoring vault hypervisor jump documents historian scada-web backup-console".split(
    " ",
  );

const models =
  "SM-A155F SM-M346B RMX3760 V2206 CPH2591 M2101K7BI XT2343 2201117TI Nokia_G21 SM-A057F".split(
    " ",
  );

export const kiosk = "Mozilla/5.0 (X11; Linux aarch64) Kiosk/2.4 Chrome/118.0.0.0";
export const desktops: readonly string[] = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/VER Edg/VER",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/VER",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:VER) Gecko Firefox/VER",
  "Mozilla/5.0 (X11; Linux x86_64; rv:VER) Gecko Firefox/VER",
];
export const phones: readonly string[] = [
  ...models.map((model) => `Mozilla/5.0 (Linux; Android 14; ${model}) Chrome/VER Mobile`),
  ...models.slice(0, 5).map((model) => `ShiftBoard/3.VER (Android 13; ${model})`),
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/VER",
];
export const scripts = [
  "python-requests/2.31.0",
  "curl/8.5.0",
  "Go-http-client/2.0",
  "okhttp/4.12.0",
];

/** A browser's name with the version of the day. */
export const versioned = (agent: string, day: number): string =>
  agent.replaceAll("VER", `${126 + Math.floor(day / 28)}.0`);
