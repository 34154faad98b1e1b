"""Samples, and the one table made of them."""

import json
import statistics


def median(samples):
    return statistics.median(samples)


def spread(samples):
    """The 10th and the 90th percentile."""
    if len(samples) < 2:
        return samples[0], samples[0]
    deciles = statistics.quantiles(samples, n=10, method="inclusive")
    return deciles[0], deciles[-1]


def words(value, unit):
    """A value with its unit, in the three figures that matter."""
    if unit == "µs" and value >= 1000:
        value, unit = value / 1000, "ms"
    if unit == "B":
        for larger in ("kB", "MB"):
            if abs(value) < 1000:
                break
            value, unit = value / 1000, larger
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


class Report:
    """All that was measured: samples by the work and the subject that did it, and the goals they are held against."""

    def __init__(self):
        self.samples = {}
        self.units = {}
        self.rows = []

    def add(self, work, subject, unit, *values):
        self.samples.setdefault((work, subject), []).extend(values)
        self.units[work, subject] = unit

    def value(self, work, subject):
        return median(self.samples[work, subject])

    def figure(self, work, subject, note=""):
        """A row without a goal."""
        self.rows.append((work, subject, "", "", note, ""))

    def ratio(self, work, subject, against, goal="", *, most=None, least=None):
        """A row that compares; `most` and `least` bound the ratio."""
        ratio = self.value(work, subject) / self.value(work, against)
        self.rows.append((work, subject, against, f"{ratio:.2f} ×", goal, verdict(ratio, most, least)))

    def goal(self, work, subject, goal, *, most=None, least=None):
        """A row that is held against a fixed value, in the samples' unit."""
        self.rows.append((work, subject, "", "", goal, verdict(self.value(work, subject), most, least)))

    def goal_of_each(self, work, subject, goal, *, most, least):
        """A row of which every sample is held against a fixed value."""
        samples = self.samples[work, subject]
        met = {verdict(sample, most, least) for sample in samples}
        self.rows.append((work, subject, "", "", goal, "yes" if met == {"yes"} else "no"))

    def print(self):
        head = ("work", "subject", "median", "p10 – p90", "against", "ratio", "goal", "met")
        table = [head] + [self._cells(*row) for row in self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(head))]
        for number, row in enumerate(table):
            print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
            if number == 0:
                print("|" + "|".join("-" * (width + 2) for width in widths) + "|")

    def _cells(self, work, subject, against, ratio, goal, met):
        samples, unit = self.samples[work, subject], self.units[work, subject]
        low, high = spread(samples)
        return (
            work, subject, words(median(samples), unit),
            f"{words(low, unit)} – {words(high, unit)}" if len(samples) > 1 else "", against, ratio, goal, met)

    def write(self, path, machine):
        samples = [
            {"work": work, "subject": subject, "unit": self.units[work, subject], "median": median(values), "samples": values}
            for (work, subject), values in self.samples.items()]
        names = ("work", "subject", "against", "ratio", "goal", "met")
        rows = [dict(zip(names, row)) for row in self.rows]
        path.write_text(json.dumps({"machine": machine, "samples": samples, "rows": rows}, indent=1, ensure_ascii=False))


def verdict(value, most, least):
    if most is None and least is None:
        return ""
    return "yes" if (most is None or value <= most) and (least is None or value >= least) else "no"
