"""The figures of an evaluation as plain text and as Markdown. `result` is what `run` writes (see __main__)."""

from __future__ import annotations

from typing import Any

from .evaluate import Evaluation

NAMES = {
    "ours": "SeoulGuard",
    "phash": "phash",
    "pdq": "PDQ",
    "pdq8": "PDQ × 8 turns",
    "vpdq": "vPDQ 80 % rule",
}


def print_misses(result: Evaluation) -> None:
    """Every true pair that is not confirmed and every false pair, by class, for tuning."""
    for title, notes in (("NOT CONFIRMED", result.misses), ("FALSE", result.false_pairs)):
        print(f"\n{title}: {len(notes)}")
        for note in notes:
            params = " ".join(f"{key}={value}" for key, value in note.params.items() if value is not None)
            trouble = f"  ERROR {note.error}" if note.error else ""
            print(
                f"{note.edit:28} {note.candidate} ~ {note.reference}  {note.score:.3f} {note.verdict:9} {params}{trouble}"
            )


def print_summary(result: Evaluation) -> None:
    """The figures of one report as plain text."""
    for one in result.classes:
        low, high = 100 * one.confirmed.low, 100 * one.confirmed.high
        print(f"{one.name:28} confirmed {100 * one.confirmed.share:5.1f} % [{low:.0f}..{high:.0f}]  "
              f"+review {100 * one.reviewed.share:5.1f} %  n={one.confirmed.total}")  # fmt: skip
    bases = "; ".join(f"{base} {100 * a:.2f} / {100 * b:.2f}" for base, (a, b) in result.macro_by_base.items())
    print(f"\nmacro recall: confirmed {100 * result.macro_recall_confirmed:.2f} %, "
          f"+review {100 * result.macro_recall_reviewed:.2f} %  ({bases}); {result.true_pairs} true pairs")  # fmt: skip
    print(f"false pairs: confirmed {result.false_confirmed}, review {result.false_review} of {result.negative_pairs}")
    print(f"same scene: confirmed {result.same_scene_confirmed}, review {result.same_scene_review} "
          f"of {result.same_scene_pairs}")  # fmt: skip
    print(f"pair µAP {100 * result.micro_ap:.2f} %, recall above every negative "
          f"{100 * result.recall_above_every_negative:.2f} %")  # fmt: skip
    fit, cost = result.segments, result.cost
    if fit.iou is not None:
        print(f"segment IoU {fit.iou:.3f} (candidate {fit.iou_candidate:.3f}, reference {fit.iou_reference:.3f}; "
              f"precision {fit.precision:.3f}, recall {fit.recall:.3f}; {fit.pairs} pairs)")  # fmt: skip
    if cost.per_video_minute is not None:
        print(f"CPU {cost.per_video_minute:.2f} s per video minute ({cost.video_minutes:.1f} minutes)")
    if cost.per_image is not None:
        print(f"CPU {cost.per_image:.3f} s per picture ({cost.images} pictures)")
    print(f"candidates: {result.candidates_with_error} with an error, {result.candidates_without_row} without a row")


def markdown(result: dict[str, Any]) -> str:
    """What the set is, recall by edit class, then the totals of every system."""
    return "\n\n".join([_about(result), by_class(result), totals(result)])


def _about(result: dict[str, Any]) -> str:
    ours, of = result["systems"]["ours"], result["set"]
    return (
        f"Seed {of['seed']}{', pool ' + str(of['pool']) if of.get('pool') else ''}: {of['references']} references, "
        f"{of['candidates']} candidates ({ours['cost']['video_minutes']:.1f} minutes of video, "
        f"{ours['cost']['images']} pictures), {ours['true_pairs']} true pairs in {len(ours['classes'])} edit classes, "
        f"{ours['negative_pairs']} negative pairs, {ours['same_scene_pairs']} pairs of the same scene."
    )


def by_class(result: dict[str, Any]) -> str:
    """Markdown table: recall in percent per edit class and system; the last row is the mean of the rows above."""
    systems = result["systems"]
    peers = [name for name in systems if name != "ours"]
    rows = [["edit class", "confirmed", "95 % interval", "confirmed or review", *(NAMES[name] for name in peers), "n"]]
    found = {name: {one["name"]: one["confirmed"]["share"] for one in systems[name]["classes"]} for name in peers}
    for one in systems["ours"]["classes"]:
        sure = one["confirmed"]
        rows.append([
            one["name"], percent(sure["share"]), f"{100 * sure['low']:.0f}-{100 * sure['high']:.0f}",
            percent(one["reviewed"]["share"]), *(percent(found[name][one["name"]]) for name in peers),
            str(sure["total"]),
        ])  # fmt: skip
    ours = systems["ours"]
    rows.append(_bold([
        "macro recall", percent(ours["macro_recall_confirmed"]), "", percent(ours["macro_recall_reviewed"]),
        *(percent(systems[name]["macro_recall_confirmed"]) for name in peers), str(ours["true_pairs"]),
    ]))  # fmt: skip
    return _table(rows)


def totals(result: dict[str, Any]) -> str:
    """Markdown table: one row per system."""
    rows = [["system", "macro recall", "video", "pictures", "false pairs", "same scene", "pair µAP",
             "recall above every negative", "CPU s per video minute", "over the decode floor", "CPU s per picture"]]  # fmt: skip
    floor = (result.get("floor") or {}).get("per_video_minute")
    for name, one in result["systems"].items():
        minute, picture = one["cost"]["per_video_minute"], one["cost"]["per_image"]
        bases = one["macro_by_base"]
        rows.append([
            NAMES[name], percent(one["macro_recall_confirmed"]),
            *(percent(bases[base][0]) if base in bases else "" for base in ("video", "image")),
            f"{one['false_confirmed']} of {one['negative_pairs']}",
            f"{one['same_scene_confirmed']} of {one['same_scene_pairs']}",
            percent(one["micro_ap"]), percent(one["recall_above_every_negative"]),
            _number(minute, 2), _number(minute - floor if minute is not None and floor is not None else None, 2),
            _number(picture, 3),
        ])  # fmt: skip
    return "\n".join([_table(rows), *_notes(result, floor)])


def _notes(result: dict[str, Any], floor: float | None) -> list[str]:
    ours = result["systems"]["ours"]
    fit = ours["segments"]
    notes = [
        "",
        f"SeoulGuard also puts {ours['false_review']} false pairs and {ours['same_scene_review']} pairs of the same scene "
        "before an officer as `review`.",
    ]
    if fit["iou"] is not None:
        notes.append(
            f"Its segments overlap the true ones by {fit['iou']:.2f} (mean IoU of both axes, {fit['pairs']} pairs)."
        )
    if floor is not None:
        notes.append(f"Decode floor: {floor:.2f} CPU s per video minute (ffmpeg, one thread, nothing kept).")
    return notes


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _bold(cells: list[str]) -> list[str]:
    return [f"**{cell}**" if cell else "" for cell in cells]


def _table(rows: list[list[str]]) -> str:
    marks = ["---", *["---:"] * (len(rows[0]) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (rows[0], marks, *rows[1:]))


WIDTH, LEFT, RIGHT, TOP, ROW, HEADING = 900, 210, 846, 96, 29, 32
OURS, OURS_LIGHT, INK, QUIET, LINE = "#3b78bd", "#c3d8ef", "#24292f", "#6e7781", "#e4e7eb"
SIDE_BY_SIDE = 10.0  # pixels between marks that would cover each other
# Grey alone does not tell four peers apart, so each has its own shape (drawn around 0,0).
MARKS = {
    "phash": ("#8c959f", '<circle r="4.2"/>'),
    "pdq": ("#57606a", '<rect x="-3.8" y="-3.8" width="7.6" height="7.6"/>'),
    "pdq8": ("#57606a", '<path d="M0-5.4L5.4 0L0 5.4L-5.4 0Z" fill="#fff" stroke="#57606a" stroke-width="1.6"/>'),
    "vpdq": ("#8c959f", '<path d="M0-5L5 4.2H-5Z" fill="#fff" stroke="#8c959f" stroke-width="1.6"/>'),
}


def svg(result: dict[str, Any]) -> str:
    """Recall by edit class: a bar for the engine (light: for review) with its 95 % interval, a mark for every peer."""
    systems = result["systems"]
    peers = [name for name in systems if name != "ours"]
    found = {name: {one["name"]: one["confirmed"]["share"] for one in systems[name]["classes"]} for name in peers}
    body, y = [], float(TOP)
    for base in sorted(systems["ours"]["macro_by_base"], reverse=True):
        classes = [one for one in systems["ours"]["classes"] if one["name"].split("/")[0] == base]
        macro = 100 * systems["ours"]["macro_by_base"][base][0]
        heading = f"{base.capitalize()}: {macro:.1f} % over {len(classes)} classes"
        body.append(_text(24, y + 18, heading, INK, 13, weight=600))
        y += HEADING
        for one in classes:
            body += _row(one, {name: found[name][one["name"]] for name in peers}, y)
            y += ROW
        y += 8
    height = y + 44
    title = "Share of edited copies found, by edit class"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" role="img" aria-label="{title}" '
        'font-family="system-ui, -apple-system, Segoe UI, Noto Sans, Helvetica, Arial, sans-serif">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{height:.0f}" rx="8" fill="#fff"/>',
        _text(24, 34, title, INK, 18, weight=600),
        *_legend(peers), *_axis(y), *body,
        _text(24, y + 32, _small_print(result), QUIET, 12),
        "</svg>",
    ]) + "\n"  # fmt: skip


def _row(one: dict[str, Any], peers: dict[str, float], y: float) -> list[str]:
    """The bar of the engine above, the marks of the peers below it."""
    sure, bar, marks = one["confirmed"], y + 9, y + 20
    whisker = f"M{_x(sure['low']):.1f} {bar:.1f}H{_x(sure['high']):.1f}"
    drawn = [
        _text(LEFT - 12, y + 17, one["name"].split("/", 1)[-1].replace("_", " "), INK, 13, anchor="end"),
        _bar(one["reviewed"]["share"], bar, OURS_LIGHT),
        _bar(sure["share"], bar, OURS),
        f'<path d="{whisker}" stroke="#fff" stroke-width="3"/>',
        f'<path d="{whisker}" stroke="{INK}" stroke-width="1.2"/>',
        _text(WIDTH - 14, y + 17, str(sure["total"]), QUIET, 11, anchor="end"),
    ]
    return drawn + [_mark(peer, x, marks) for peer, x in _spread(peers)]


def _spread(peers: dict[str, float]) -> list[tuple[str, float]]:
    """Where the marks stand: those of almost equal value side by side, towards the middle of the plot."""
    taken: list[tuple[str, float]] = []
    for peer, share in sorted(peers.items(), key=lambda one: one[1]):
        x, step = _x(share), SIDE_BY_SIDE if share <= 0.5 else -SIDE_BY_SIDE
        while any(abs(x - other) < SIDE_BY_SIDE - 1 for _, other in taken):
            x += step
        taken.append((peer, x))
    return taken


def _x(share: float) -> float:
    return LEFT + (RIGHT - LEFT) * share


def _bar(share: float, middle: float, colour: str) -> str:
    return f'<rect x="{LEFT}" y="{middle - 5:.1f}" width="{_x(share) - LEFT:.1f}" height="10" fill="{colour}"/>'


def _mark(peer: str, x: float, y: float) -> str:
    colour, shape = MARKS[peer]
    return f'<g transform="translate({x:.1f} {y:.1f})" fill="{colour}" stroke="#fff" stroke-width=".8">{shape}</g>'


def _legend(peers: list[str]) -> list[str]:
    entries = [("confirmed", f'<rect x="-7" y="-5" width="14" height="10" fill="{OURS}"/>'),
               ("for review", f'<rect x="-7" y="-5" width="14" height="10" fill="{OURS_LIGHT}"/>')]  # fmt: skip
    drawn, x = [_text(24, 64, NAMES["ours"], INK, 13, weight=600)], 126.0
    for label, shape in entries:
        drawn += [f'<g transform="translate({x:.0f} 60)">{shape}</g>', _text(x + 13, 64, label, INK, 13)]
        x += 32 + 7.2 * len(label)
    x += 24
    for peer in peers:
        drawn += [_mark(peer, x, 60), _text(x + 12, 64, NAMES[peer], INK, 13)]
        x += 40 + 7.4 * len(NAMES[peer])
    return drawn


def _axis(bottom: float) -> list[str]:
    drawn = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        drawn.append(f'<path d="M{_x(share):.1f} {TOP + 4}V{bottom:.0f}" stroke="{LINE}"/>')
        drawn.append(_text(_x(share), TOP - 2, f"{100 * share:.0f} %", QUIET, 11, anchor="middle"))
    return [*drawn, _text(WIDTH - 12, TOP - 2, "n", QUIET, 11, anchor="end")]


def _small_print(result: dict[str, Any]) -> str:
    ours = result["systems"]["ours"]
    return (f"Seed {result['set']['seed']}: {ours['true_pairs']} true pairs, false confirmations "
            f"{ours['false_confirmed']} of {ours['negative_pairs']} other pairs. "
            "Thin line: 95 % interval. Marks of equal value stand side by side.")  # fmt: skip


def _text(x: float, y: float, content: str, colour: str, size: int, anchor: str = "start", weight: int = 400) -> str:
    safe = content.replace("&", "&amp;").replace("<", "&lt;")
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{safe}</text>')  # fmt: skip
