"""Anomalies in tables: the scores of `bijou score` beside scikit-learn's detectors. See apps/results/README.md.

    make bench-anomaly DATA_DIR=folder    three sets, five seeds; apps/results/anomaly/auroc.csv
    make bench-anomaly ARGS='--sets magic --seeds 1 --out build/try'

For each set and seed all rows are shuffled (numpy's default_rng(seed)) and halved; the normal rows of the first half
train, the second half tests. Both sides see the same two halves: Bijou as train.npz and test.npz.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler

ROOT = pathlib.Path(__file__).parent.parent.parent.parent
FLOW = ROOT / "apps" / "results" / "anomaly" / "flow.json"  # one configuration for all sets
SETS = {"magic.gamma": "22_magic.gamma.npz", "mammography": "23_mammography.npz", "shuttle": "32_shuttle.npz"}
DRAWS = 1000  # of the bootstrap, as in apps/score_report.hpp
TOLERANCE = 1e-9
COLUMNS = ["set", "seed", "method", "auroc", "low", "high", "aupr", "n_train", "n_test", "date"]


def find_data(folder):
    for place in [folder, folder / "anomaly"]:
        if all((place / name).exists() for name in SETS.values()):
            return place
    sys.exit(f"bench-anomaly: {folder} has not all of {', '.join(SETS.values())} (ADBench's classical sets); "
             "name their folder by DATA_DIR=... or $BIJOU_DATA_DIR")  # fmt: skip


def halves(path, seed):
    with np.load(path) as file:
        x, y = file["X"].astype(np.float64), file["y"].astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(y))
    first, second = order[: len(y) // 2], order[len(y) // 2 :]
    return x[first], y[first], x[second], y[second]


def bijou(*words):
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
    ran = subprocess.run([ROOT / "build" / "bijou", *map(str, words)], env=environment, capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"bench-anomaly: bijou {' '.join(map(str, words))}\n{ran.stderr}")
    return ran.stdout


def flow_scores(folder, seed, train, test):
    """Trains, scores; yields a method, how many rows trained it, its AUROC with the interval, and its AUPR: after
    scikit-learn has found the same."""
    np.savez(folder / "train.npz", X=train[0], y=train[1])
    np.savez(folder / "test.npz", X=test[0], y=test[1])
    run, scores = folder / "run", folder / "scores.csv"
    shutil.rmtree(run, ignore_errors=True)
    bijou("train", "--config", FLOW, "--data", folder / "train.npz", "--test-data", folder / "test.npz",
          "--only-class", 0, "--dequantise", "--seed", seed, "--split-seed", seed, "--out", run)  # fmt: skip
    said = json.loads(bijou("score", run, "--gradient", "--seed", seed, "--json", "--force", "--out", scores))
    with open(scores) as file:
        rows = list(csv.DictReader(file))
    truth = np.array([int(row["anomalous"]) for row in rows])
    if not np.array_equal(truth, test[1]):
        sys.exit("bench-anomaly: the rows of scores.csv are not those of the test half")
    trained = int((train[1] == 0).sum()) - said["clean_examples"]  # the rest chose the epoch: the validation part
    for name, found in said["scores"].items():
        score = np.array([float(row[name]) for row in rows])
        for ours, theirs in [(found["auroc"]["value"], roc_auc_score(truth, score)),
                             (found["aupr"]["value"], average_precision_score(truth, score))]:  # fmt: skip
            if abs(ours - theirs) > TOLERANCE:
                sys.exit(f"bench-anomaly: {name}: {ours} by Bijou, {theirs} by scikit-learn")
        area = found["auroc"]
        yield f"bijou {name}", trained, area["value"], area["low"], area["high"], found["aupr"]["value"]
    with open(run / "log.csv") as file:
        best = min(float(row["validation_nll_nats"]) for row in csv.DictReader(file))
    print(f"  validation part: {best:.3f} nats", flush=True)


def bootstrap(truth, score, seed):
    """95% of DRAWS draws with replacement, as many of either kind as there are: the scheme of apps/detection.hpp."""
    rng = np.random.default_rng(seed)
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    kinds = [np.flatnonzero(truth[order] == kind) for kind in (0, 1)]
    draws = []
    for _ in range(DRAWS):
        copies = [np.bincount(rng.choice(kind, len(kind)), minlength=len(truth)) for kind in kinds]
        alarms, found = (np.cumsum(each)[ends] for each in copies)
        draws.append(np.trapezoid(np.append(0, found), np.append(0, alarms)) / (alarms[-1] * found[-1]))
    return np.quantile(draws, [0.025, 0.975])


def peers(seed, train, test):
    normal = train[0][train[1] == 0]
    scaler = StandardScaler().fit(normal)
    for name, detector in [("IsolationForest", IsolationForest(random_state=seed)),
                           ("LocalOutlierFactor", LocalOutlierFactor(novelty=True))]:  # fmt: skip
        for how, change in [("", lambda x: x), (", standardised", scaler.transform)]:
            score = -detector.fit(change(normal)).score_samples(change(test[0]))
            low, high = bootstrap(test[1], score, seed)
            area, precision = roc_auc_score(test[1], score), average_precision_score(test[1], score)
            yield name + how, len(normal), area, low, high, precision


def table(rows):
    """Mean and standard deviation over the seeds, and the mean interval."""
    names = list(dict.fromkeys(row["set"] for row in rows))
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for method in dict.fromkeys(row["method"] for row in rows):
        cells = []
        for name in names:
            those = [row for row in rows if row["set"] == name and row["method"] == method]
            mean = {key: statistics.mean(float(row[key]) for row in those) for key in ("auroc", "low", "high")}
            spread = statistics.stdev(float(row["auroc"]) for row in those) if len(those) > 1 else 0
            cells.append(f"{mean['auroc']:.4f} ± {spread:.4f} ({mean['low']:.3f} .. {mean['high']:.3f})")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=pathlib.Path, default=os.environ.get("BIJOU_DATA_DIR", "data"))
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "apps" / "results" / "anomaly")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "bench-anomaly", help="trainings go here")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    options = parser.parse_args()
    place = find_data(pathlib.Path(options.data_dir))
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in range(options.seeds):
        for name in options.sets:
            x_train, y_train, x_test, y_test = halves(place / SETS[name], seed)
            train, test = (x_train, y_train), (x_test, y_test)
            folder = options.work / f"{name}-{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            print(f"{name}, seed {seed}", flush=True)
            for methods in (flow_scores(folder, seed, train, test), peers(seed, train, test)):
                for method, trained, auroc, low, high, aupr in methods:
                    print(f"  {method:36} {auroc:.4f}", flush=True)
                    rows.append(dict(zip(COLUMNS, [name, seed, method, f"{auroc:.6f}", f"{low:.6f}", f"{high:.6f}",
                                                   f"{aupr:.6f}", trained, len(y_test),
                                                   datetime.date.today().isoformat()])))  # fmt: skip
            with open(options.out / "auroc.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
    print("\n" + table(rows))


if __name__ == "__main__":
    main()
