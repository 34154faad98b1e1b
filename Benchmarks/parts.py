"""The programs that are measured or needed for it: each is started here, and ended by its process identifier."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import processes


class Failed(Exception):
    """A part did not do what the measurement relies on."""


def wait_until(condition, what, seconds=30):
    """Waits for what a program of somebody else's does without telling."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Program:
    """A child process that writes its log to a file."""

    def __init__(self, command, environment, log, **options):
        self.log = Path(log)
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, **options)

    @property
    def pid(self):
        return self.process.pid

    def check(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.process.args[0]} has ended:\n{self.log.read_text()}")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait()


class Tenant(Program):
    """postern-devtenant, where anybody may sign in as often as they like."""

    def __init__(self, program, directory, environment):
        port_file = directory / "tenant.port"
        super().__init__(
            [program, "--port-file", port_file, "--access-token-lifetime", 864000, "--start-limit", 1000000],
            environment, directory / "tenant.log")
        wait_until(lambda: self.check() or port_file.exists() and port_file.read_text(), "the tenant's port")
        port = int(port_file.read_text())
        self.issuer = f"http://127.0.0.1:{port}/"
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def control(self, path, body=None):
        """Calls one of the tenant's own endpoints; with a body it is a POST."""
        self.connection.request(
            "GET" if body is None else "POST", f"/_dev/{path}", body and json.dumps(body),
            {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise Failed(f"/_dev/{path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None

    def order(self, kind, grant, **details):
        """Has the next answer to this grant be another than usual, or later."""
        self.control("faults", {"kind": kind, "endpoint": "token", "grant": grant, **details})

    def refreshes(self):
        return len(self.control("requests?endpoint=token&grant=refresh"))


class Agent(Program):
    """posternd, with a configuration and a socket of its own."""

    def __init__(self, program, directory, environment, configuration, watchdog=None):
        """watchdog: seconds, as WatchdogSec= of the unit has it."""
        self.program, self.directory = program, directory
        home, runtime = directory / "home", directory / "run"
        for path in home, runtime:
            path.mkdir(parents=True, mode=0o700)
        self.environment = environment | {
            "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "NOTIFY_SOCKET": str(runtime / "notify")}
        if watchdog:
            self.environment["WATCHDOG_USEC"] = str(watchdog * 1_000_000)
        file = home / ".config/postern/postern.conf"
        file.parent.mkdir(parents=True)
        file.write_text(configuration)
        self.socket = runtime / "postern/agent.sock"
        self.ready = threading.Event()
        #: How often it has told the service manager that it is alive.
        self.beats = 0
        self.notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notifications.bind(self.environment["NOTIFY_SOCKET"])
        threading.Thread(target=self._read_notifications, daemon=True).start()
        self.start()

    def _read_notifications(self):
        while True:
            message = self.notifications.recv(65536)
            self.beats += message.count(b"WATCHDOG=1")
            if b"READY=1" in message:
                self.ready.set()

    def start(self):
        """Returns how long it took from before exec(2) to READY, µs."""
        self.ready.clear()
        start = time.perf_counter()
        super().__init__([self.program], self.environment, self.directory / "agent.log")
        if not self.ready.wait(60):
            raise Failed(f"{self.program} was not ready within 60 s:\n{self.log.read_text()}")
        return (time.perf_counter() - start) * 1e6

    def start_activated(self, request):
        """Starts it as systemd does at the first connection, and returns how long it took until that was answered, µs."""
        self.socket.parent.mkdir(exist_ok=True)
        self.socket.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(str(self.socket))
            listener.listen()
            client.settimeout(30)
            client.connect(str(self.socket))
            client.sendall(request.encode() + b"\n")
            passed = self.environment | {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "agent"}
            # The descriptor is to be number 3, and LISTEN_PID the daemon's (sd_listen_fds(3)).
            script = f'exec 3<&{listener.fileno()}; export LISTEN_PID=$$; exec "$0"'
            start = time.perf_counter()
            super().__init__(
                ["bash", "-c", script, self.program], passed, self.directory / "agent.log", pass_fds=[listener.fileno()])
            try:
                answer = client.makefile().readline()
            except TimeoutError:
                answer = "nothing"
            duration = (time.perf_counter() - start) * 1e6
        if '"access_token"' not in answer:
            raise Failed(f"no token after socket activation, but {answer}\n{self.log.read_text()}")
        return duration

    def call(self, method, **params):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.socket))
            connection.sendall(
                json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
            answer = json.loads(connection.makefile().readline())
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']}")
        return answer["result"]

    def sign_in(self, tenant, profile):
        state = self.call("login.start", profile=profile)
        code = tenant.control(f"code?to={profile}@example.com")["code"]
        step = self.call("login.answer", login_id=state["login_id"], code=code)["step"]
        if step["kind"] != "signed_in":
            raise Failed(f"signing in to {profile} ended at {step}")


def configuration(tenant, names, persist="keyring"):
    """postern.conf with these profiles; the first is the default one."""
    return f"[agent]\ndefault_profile={names[0]}\nmax_connections=4096\n" + "".join(
        f"[profile {name}]\nissuer={tenant.issuer}\nclient_id=postern-dev\nusername={name}@example.com\n"
        f"audience=https://api.example.com\npersist={persist}\nrefresh=on-demand\n" for name in names)


class Echo(Program):
    """The floor for a server: answers every line with the same bytes."""

    def __init__(self, program, directory, environment, name, answer):
        self.socket = directory / f"{name}.sock"
        file = directory / f"{name}.answer"
        file.write_text(answer)
        super().__init__([program, self.socket, file], environment, directory / f"{name}.log")
        wait_until(lambda: self.check() or self.socket.exists(), "the echo server")


class OIDCAgent:
    """oidc-agent with one account, of an OpenID provider on loopback."""

    account = "bench"

    def __init__(self, directory, environment, token_length):
        self.home = directory / "oidc"
        self.home.mkdir(mode=0o700)
        self.password = self.home / "password"
        self.password.write_text("bench\n")
        self.environment = environment | {"HOME": str(self.home)}
        self.provider = subprocess.Popen(
            ["python3", Path(__file__).with_name("openid_provider.py"), str(token_length)], stdout=subprocess.PIPE, text=True)
        port = int(self.provider.stdout.readline())
        self.pid = None
        self.start()
        self._run(
            "oidc-gen", f"--pw-file={self.password}", f"--issuer=http://127.0.0.1:{port}/", "--client-id=bench",
            "--client-secret=bench", "--rt=bench", "--flow=refresh", "--scope=openid offline_access",
            "--redirect-uri=http://localhost:4242", "--manual", self.account)

    def start(self):
        text = self._run("oidc-agent")
        for name in "OIDC_SOCK", "OIDCD_PID":
            self.environment[name] = re.search(rf"{name}=([^;]+);", text)[1]
        self.pid = int(self.environment["OIDCD_PID"])

    @property
    def socket(self):
        return self.environment["OIDC_SOCK"]

    @property
    def request(self):
        """What oidc-token sends, but for its encryption: the agent takes it unencrypted, too."""
        return json.dumps({
            "request": "access_token", "account": self.account, "min_valid_period": 0, "application_hint": "bench"})

    def start_and_load(self):
        """Returns how long it takes from the agent's start to the first token, with the account loaded in between, µs."""
        self.stop_agent()
        start = time.perf_counter()
        self.start()
        self._run("oidc-add", f"--pw-file={self.password}", self.account)
        self._run("oidc-token", self.account)
        return (time.perf_counter() - start) * 1e6

    def pids(self):
        """The agent is two processes, of which one has the other as its child."""
        return processes.family(self.pid)

    def stop_agent(self):
        os.kill(self.pid, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{self.pid}").exists(), "oidc-agent's end")

    def stop(self):
        self.stop_agent()
        self.provider.terminate()
        self.provider.wait()

    def _run(self, *command):
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{command[0]}: {done.stderr}")
        return done.stdout


class SSHAgent(Program):
    """ssh-agent with one key."""

    def __init__(self, directory, environment):
        self.socket = directory / "ssh.sock"
        self.environment = environment | {"SSH_AUTH_SOCK": str(self.socket)}
        super().__init__(["ssh-agent", "-D", "-a", self.socket], environment, directory / "ssh-agent.log")
        wait_until(lambda: self.check() or self.socket.exists(), "ssh-agent")
        key = directory / "key"
        for command in ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], ["ssh-add", "-q", key]:
            subprocess.run(command, env=self.environment, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
