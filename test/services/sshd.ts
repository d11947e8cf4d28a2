import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { debianProgram, freePort, installDebian, program, until } from "./provision.ts";
import { type RsyslogDestinations, rsyslogConfig, rsyslogPackages } from "./rsyslog.ts";

const execute = promisify(execFile);

export interface SshdUser {
  /** A Linux user name: `[a-z_][a-z0-9_-]*`, at most 32. */
  readonly name: string;
  readonly password: string;
}

export interface SshdWishes extends RsyslogDestinations {
  readonly users: readonly SshdUser[];
}

export interface SshAttempt {
  readonly accepted: boolean;
  /** What the client said; for the message of a failed test. */
  readonly said: string;
}

export interface Sshd {
  readonly port: number;
  /**
   * One password attempt by a real client. `sourceAddress` is any address of 127.0.0.0/8 (default
   * 127.0.0.1): the server sees the login coming from it.
   */
  attempt(
    user: string,
    password: string,
    options?: { readonly sourceAddress?: string },
  ): Promise<SshAttempt>;
  /** What rsyslogd received so far, as it would be in /var/log/auth.log. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

const USER_NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const START_MS = 30_000;
const STOP_MS = 3_000;

/**
 * A real sshd that logs to a real rsyslogd through its own /dev/log, in a mount namespace with its
 * own accounts: nothing of the machine changes. Needs root.
 */
export async function startSshdWithRsyslog(wishes: SshdWishes): Promise<Sshd> {
  const sshd = await programs(wishes);
  const folder = await mkdtemp(join(tmpdir(), "metsuke-sshd-"));
  const port = await freePort();
  await writeFiles(folder, port, wishes);
  const child = spawn(
    "unshare",
    // Whatever starts inside dies with the first process inside, and that one with its parent.
    [
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "sh",
      "-e",
      join(folder, "inside.sh"),
      folder,
      sshd,
    ],
    { detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  const keep = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const end = () => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = once(child, "exit");
      // sshd is the first process inside: when it goes, the kernel ends all the others, and unshare
      // reaps it. Killing the group at once would leave it to the machine's init.
      process.kill(-child.pid, "SIGTERM");
      const late = setTimeout(end, STOP_MS);
      await ended;
      clearTimeout(late);
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(async () => {
      if (child.exitCode !== null) return;
      await greets(port);
    }, START_MS);
    if (child.exitCode !== null) throw new Error(`sshd or rsyslogd did not start:\n${said}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    attempt: (user, password, options = {}) =>
      attempt(port, { user, password, sourceAddress: options.sourceAddress ?? "127.0.0.1" }),
    log: () => readFile(join(folder, "auth.log"), "utf8"),
    stop,
  };
}

async function programs(wishes: SshdWishes): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error("sshd in a mount namespace of its own needs root");
  await program("unshare");
  const sshd = await debianProgram("sshd", ["openssh-server"]);
  await debianProgram("ssh", ["openssh-client"]);
  await debianProgram("sshpass", ["sshpass"]);
  await debianProgram("rsyslogd", ["rsyslog"]);
  const packages = rsyslogPackages(wishes);
  if (packages.length > 0) await installDebian(packages);
  return sshd;
}

async function writeFiles(folder: string, port: number, wishes: SshdWishes): Promise<void> {
  // sshd wants its files and the folders above them writable by root alone.
  await chmod(folder, 0o755);
  await mkdir(join(folder, "dev"));
  await mkdir(join(folder, "work"));
  await execute("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "host_key")]);
  await writeAccounts(folder, wishes.users);
  await writeFile(join(folder, "rsyslog.conf"), rsyslogConfig(folder, wishes));
  await writeFile(
    join(folder, "sshd.conf"),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${join(folder, "host_key")}
PidFile none
UsePAM yes
StrictModes no
PrintLastLog no
PrintMotd no
UseDNS no
LogLevel VERBOSE
MaxStartups 100:30:200
`,
  );
  await writeFile(
    join(folder, "pam"),
    // No delay after a wrong password: a test of a hundred would wait minutes.
    "auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_unix.so\n",
  );
  await writeFile(join(folder, "inside.sh"), INSIDE);
}

async function writeAccounts(folder: string, users: readonly SshdUser[]): Promise<void> {
  const [passwd, shadow, group] = await Promise.all(
    ["/etc/passwd", "/etc/shadow", "/etc/group"].map((path) => readFile(path, "utf8")),
  );
  const accounts: string[] = [];
  const secrets: string[] = [];
  for (const [index, { name, password }] of users.entries()) {
    if (!USER_NAME.test(name)) throw new Error(`${name} is no Linux user name`);
    const hashing = execute("openssl", ["passwd", "-6", "-stdin"]);
    hashing.child.stdin?.end(`${password}\n`);
    const { stdout } = await hashing;
    accounts.push(`${name}:x:${30_000 + index}:65534::/:/bin/sh\n`);
    secrets.push(`${name}:${stdout.trim()}:19000:0:99999:7:::\n`);
  }
  await writeFile(join(folder, "passwd"), passwd + accounts.join(""));
  await writeFile(join(folder, "shadow"), shadow + secrets.join(""), { mode: 0o600 });
  await writeFile(join(folder, "group"), group ?? "");
}

/** $1 = folder, $2 = sshd. Every mount is seen in this namespace only. */
const INSIDE = `
d=$1
mount --make-rprivate /
for f in passwd shadow group; do mount --bind "$d/$f" "/etc/$f"; done
mount --bind "$d/pam" /etc/pam.d/sshd
mount -t tmpfs -o mode=755 tmpfs "$d/dev"
for n in null zero random urandom tty ptmx full; do
  touch "$d/dev/$n"; mount --bind "/dev/$n" "$d/dev/$n"
done
mkdir "$d/dev/pts"; mount --bind /dev/pts "$d/dev/pts"
ln -s /proc/self/fd "$d/dev/fd"
mount --rbind "$d/dev" /dev
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd
mount -t tmpfs -o mode=755 tmpfs /var/log
rsyslogd -n -f "$d/rsyslog.conf" -i "$d/rsyslogd.pid" &
while [ ! -S /dev/log ]; do kill -0 $!; sleep 0.05; done
exec "$2" -D -f "$d/sshd.conf"
`;

const greets = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.once("data", () => {
      socket.destroy();
      resolve();
    });
    socket.once("close", () => reject(new Error("it closed without a greeting")));
  });

async function attempt(
  port: number,
  of: { readonly user: string; readonly password: string; readonly sourceAddress: string },
): Promise<SshAttempt> {
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    "PubkeyAuthentication=no",
    "PreferredAuthentications=password",
    "NumberOfPasswordPrompts=1",
    "ConnectTimeout=10",
    "LogLevel=ERROR",
  ];
  const client = spawn(
    "sshpass",
    [
      "-e",
      "ssh",
      "-F",
      "/dev/null",
      ...options.flatMap((option) => ["-o", option]),
      "-b",
      of.sourceAddress,
      "-p",
      String(port),
      "-l",
      of.user,
      "127.0.0.1",
      "true",
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, SSHPASS: of.password } },
  );
  let said = "";
  client.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  client.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(client, "close")) as [number | null];
  return { accepted: code === 0, said: `${said.trim()} (exit ${code})` };
}
