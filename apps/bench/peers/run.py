"""Bijou against PyTorch: the same model, weights, batch and threads, timed in turn. See apps/bench/README.md.

    make bench-peers                     all workloads
    make bench-peers ARGS='--only W4'    one of them; --quick: fewer timings, fewer variants
"""

import argparse
import csv
import datetime
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
BENCH = HERE.parent.parent.parent / "build" / "bijou-bench"
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # not among the sources; PyTorch's own was written by pip
TOLERANCE = 1e-4  # relative, of losses; and of samples
COMPILE_LIMIT = 600  # seconds that a variant may take to get ready
FALL_ASLEEP = 0.3  # seconds after which the threads of the process that was timed before no longer spin

VARIANTS = {
    "images": ["channels_last", "fused", "channels_last+fused", "compile", "compile+fused",
               "compile+channels_last+fused"],
    "vectors": ["fused", "compile", "compile+fused"],
    "sample": ["inference", "channels_last+inference", "compile+inference", "compile+channels_last+inference"],
}  # fmt: skip


class Absent(Exception):
    """A variant that cannot run, and why."""


class Server:
    """One side of the comparison, in a process of its own that sleeps until it is asked."""

    def __init__(self, command, limit=COMPILE_LIMIT):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.errors = []
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        timer = threading.Timer(limit, self.process.kill)
        timer.start()
        self.found = {}
        for line in self.process.stdout:
            key, _, value = line.strip().partition(" ")
            if key in ("ready", "absent"):
                break
            self.found[key] = value
        else:
            late = not timer.is_alive()
            self.process.wait()
            time.sleep(0.1)
            last = self.errors[-1].strip() if self.errors else f"ended with code {self.process.returncode}"
            key, value = "absent", f"not ready after {limit} s" if late else last
        timer.cancel()
        if key == "absent":
            self.close()
            raise Absent(value)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            raise Absent(f"it ended: {self.errors[-1].strip() if self.errors else self.process.wait()}")
        return answer[1:]

    def steps(self, count):
        """Milliseconds of each of so many steps, one after another."""
        time.sleep(FALL_ASLEEP)
        return [float(ms) for ms in self.ask(f"step {count}")]

    def peak(self):
        return int(self.ask("rss")[0])

    def close(self):
        with self.process:
            if self.process.poll() is None:
                self.process.stdin.close()


def bijou(*arguments):
    return [str(BENCH), *arguments]


def peer(folder, variant):
    return [sys.executable, str(HERE / "server.py"), folder, variant]


def lines_of(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def workloads(only):
    result = subprocess.run(bijou("list", "--only", only), stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit(result.returncode)  # it has said why
    names = ("name", "task", "family", "shape", "batch", "gflop", "goal", "what")
    return [dict(zip(names, line.split("\t"))) for line in result.stdout.splitlines()]


def disagreement(ours, theirs):
    """Relative, of the losses; for samples, of the images."""
    if "distance" in theirs.found:
        return float(theirs.found["distance"])
    a, b = float(ours.found["loss"]), float(theirs.found["loss"])
    return abs(a - b) / abs(a) if math.isfinite(a) and math.isfinite(b) else math.inf


def block_size(ms):
    """Steps that are timed together: about half a second of them."""
    return max(1, min(50, round(500 / ms)))


def timed(server, count):
    """A block of steps. The first of several wakes threads and fills caches, and does not count."""
    times = server.steps(count)
    return times[1:] if count >= 3 else times


def best_variant(work, ours, folder, options, log):
    """Tries all variants shortly; the fastest one's name, and those that are absent."""
    images = "," in work["shape"] and work["family"] != "nice"  # NICE flattens them
    kind = "sample" if work["task"] == "sample" else "images" if images else "vectors"
    trials, absent = {}, {}
    for variant in ["tutorial"] + VARIANTS[kind]:
        if options.quick and "compile" in variant and variant != VARIANTS[kind][-1]:
            continue
        start = time.monotonic()
        try:
            server = Server(peer(folder, variant))
            ready, apart = time.monotonic() - start, disagreement(ours, server)
            if apart > TOLERANCE:
                server.close()
                raise Absent(f"what it finds is off by {apart:.1e}")
            first = server.steps(1)[0]
            ms = min(timed(server, max(4, block_size(first))))  # the fastest: a disturbance must not choose
            server.close()
        except Absent as why:
            absent[variant] = str(why)
            log(f"  {variant}: absent ({why})")
            continue
        trials[variant] = ms
        log(f"  {variant}: {ms:.2f} ms at best (ready after {ready:.0f} s; off by {apart:.1e})")
    if not trials:
        raise Absent("; ".join(f"{variant}: {why}" for variant, why in absent.items()))
    return min(trials, key=trials.get), absent


def compare(work, options, log):
    """One row: what both found, and their times in turn."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Server(bijou("serve", work["name"], folder))
        best, absent = best_variant(work, ours, folder, options, log)
        sides = {"bijou": ours, "tutorial": Server(peer(folder, "tutorial"))}
        if best != "tutorial":
            sides["best"] = Server(peer(folder, best))
        times = {side: [] for side in sides}
        blocks = {side: block_size(min(server.steps(2))) for side, server in sides.items()}
        for _ in range(options.timings):
            for side, server in sides.items():  # A B C A B C ...
                times[side] += timed(server, blocks[side])
        row = {
            "apart": max(disagreement(ours, server) for side, server in sides.items() if side != "bijou"),
            "gradient_apart": None,
            "best_variant": best,
            "absent": absent,
            "ms": {side: statistics.median(t) for side, t in times.items()},
            "spread": {side: (min(t), max(t)) for side, t in times.items()},
            "peak": {side: server.peak() for side, server in sides.items()},
            "version": sides["tutorial"].found["version"],
        }
        if "gradient_norm" in ours.found:
            a, b = (float(sides[s].found["gradient_norm"]) for s in ("bijou", "tutorial"))
            row["gradient_apart"] = abs(a - b) / a
        for server in sides.values():
            server.close()
    return row


def compare_starts(work, options, log):
    """Whole processes, from their start to the end of the first training step, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Server(bijou("serve", "W6", folder))
        theirs = Server(peer(folder, "tutorial"))
        row = {"apart": disagreement(ours, theirs), "gradient_apart": None, "best_variant": "tutorial", "absent": {}}
        row["version"] = theirs.found["version"]
        ours.close()
        theirs.close()
        commands = {"bijou": bijou("first-step"), "tutorial": peer(folder, "--first-step")}
        times, peak = {side: [] for side in commands}, {}
        for _ in range(1 + options.timings):  # the first reads the files from the disk, and does not count
            for side, command in commands.items():
                start = time.perf_counter()
                lines = lines_of(command)
                times[side].append(1e3 * (time.perf_counter() - start))
                peak[side] = int(lines[-1].split()[1])
        log(f"  {options.timings} starts of each")
        row["ms"] = {side: statistics.median(t[1:]) for side, t in times.items()}
        row["spread"] = {side: (min(t[1:]), max(t[1:])) for side, t in times.items()}
        row["peak"] = peak
    return row


COLUMNS = [
    "", "workload", "batch", "GFLOP", "Bijou, ms", "Bijou, GFLOP/s", "PyTorch as in tutorials, ms",
    "PyTorch at its best, ms", "PyTorch, GFLOP/s", "its best", "best / Bijou", "goal", "reached",
    "Bijou, peak MiB", "PyTorch, peak MiB",
]  # fmt: skip


def best_side(row):
    """Whichever of PyTorch's two was faster: the trial that chose the best variant was short."""
    return min((side for side in row["ms"] if side != "bijou"), key=row["ms"].get)


def cells(work, row):
    """A row of the table, as text by column."""
    start = {"": work["name"], "workload": work["what"], "batch": work["batch"], "goal": work["goal"]}
    if "void" in row:
        return start | {"reached": f"void: {row['void']}"}
    best, ms, peak = best_side(row), row["ms"], row["peak"]
    ratio = ms[best] / ms["bijou"]
    if work["task"] != "first-step":
        gflop = float(work["gflop"])
        start |= {"GFLOP": f"{gflop:.3g}", "Bijou, GFLOP/s": f"{1e3 * gflop / ms['bijou']:.0f}",
                  "PyTorch, GFLOP/s": f"{1e3 * gflop / ms[best]:.0f}"}  # fmt: skip
    return start | {
        "Bijou, ms": f"{ms['bijou']:.2f}",
        "PyTorch as in tutorials, ms": f"{ms['tutorial']:.2f}",
        "PyTorch at its best, ms": f"{ms[best]:.2f}",
        "its best": (row["best_variant"] if best == "best" else best).replace("+", ", "),
        "best / Bijou": f"{ratio:.2f}",
        "reached": "yes" if ratio >= float(work["goal"]) else "no",
        "Bijou, peak MiB": f"{peak['bijou'] / 2**20:.0f}",
        "PyTorch, peak MiB": f"{peak[best] / 2**20:.0f}",
    }


def table_row(work, row):
    found = cells(work, row)
    return "| " + " | ".join(found.get(column, "") for column in COLUMNS) + " |"


def markdown(machine, rows):
    lines = ["| | |", "|---|---|"] + [f"| {name} | {value} |" for name, value in machine]
    lines += ["", "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += [table_row(work, row) for work, row in rows]
    lines.append("")
    for work, row in rows:
        lines += [f"Absent from {work['name']}: {variant}: {why}" for variant, why in row.get("absent", {}).items()]
    return "\n".join(lines).rstrip() + "\n"


def write_results(machine, rows, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(markdown(machine, rows), encoding="utf-8")
    with open(folder / "results.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["workload", "side", "variant", "median_ms", "min_ms", "max_ms", "peak_bytes", "loss_apart"])
        for work, row in rows:
            for side, ms in row.get("ms", {}).items():
                variant = row["best_variant"] if side == "best" else side
                table.writerow([work["name"], side, variant, f"{ms:.4f}", *(f"{t:.4f}" for t in row["spread"][side]),
                                row["peak"][side], f"{row['apart']:.3g}"])  # fmt: skip


def replace_block(path, text):
    """The lines between the marks in a README."""
    begin, end = "<!-- results -->", "<!-- end of results -->"
    old = path.read_text(encoding="utf-8")
    before, _, rest = old.partition(begin)
    _, mark, after = rest.partition(end)
    if not mark:
        sys.exit(f"bench-peers: {path} has no '{begin}' with '{end}' behind it")
    path.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="bench-peers", description="Bijou against PyTorch, timed in turn.")
    parser.add_argument("--only", default="", help="the workloads whose names begin so")
    parser.add_argument("--quick", action="store_true", help="fewer timings, and of torch.compile one variant")
    parser.add_argument("--out", type=pathlib.Path, default=BENCH.parent / "bench-peers", help="folder for the results")
    parser.add_argument("--readme", type=pathlib.Path, help="write the table into this file, too, between its marks")
    options = parser.parse_args()
    options.timings = 3 if options.quick else 7

    def log(line):
        print(line, flush=True)

    chosen = workloads(options.only)
    machine = [tuple(line.split("  ", 1)) for line in lines_of(bijou("machine"))]
    machine = [("date", datetime.date.today().isoformat())] + [(name, value.strip()) for name, value in machine]
    for name, value in machine:
        log(f"{name}: {value}")
    rows = []
    for work in chosen:
        log(f"{work['name']}: {work['what']}, batch {work['batch']}")
        try:
            row = (compare_starts if work["task"] == "first-step" else compare)(work, options, log)
            if row["apart"] > TOLERANCE:
                row["void"] = f"the losses differ by {row['apart']:.1e}"
        except Absent as why:
            row = {"void": str(why)}
        rows.append((work, row))
        log("  " + "; ".join(f"{name}: {value}" for name, value in cells(work, row).items() if name))
        if row.get("gradient_apart") is not None:
            log(f"  losses differ by {row['apart']:.1e}, norms of gradients by {row['gradient_apart']:.1e}")
        if "version" in row and machine[1][0] != "PyTorch":
            machine.insert(1, ("PyTorch", row["version"]))
        write_results(machine, rows, options.out)
    log("")
    log(markdown(machine, rows))
    log(f"written: {options.out}/results.md, results.csv")
    if options.readme:
        replace_block(options.readme, markdown(machine, rows))
    sys.exit(any("void" in row for _, row in rows))


if __name__ == "__main__":
    main()
