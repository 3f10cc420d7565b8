"""Turns the measurements of a run into ratios and prints them."""
import statistics

OURS = "mailwicket"


def median(values):
	values = [value for value in values if value is not None]
	return statistics.median(values) if values else None


def rate(row):
	return row["messages"] / row["elapsed_s"]


def cpu_per_thousand(row):
	return row["cpu_s"] * 1000 / row["messages"]


def megabytes_per_second(row):
	return row["bytes"] / 1e6 / row["elapsed_s"]


def cpu_per_gigabyte(row):
	return row["cpu_s"] * 1e9 / row["bytes"]


def busy(row):
	return row["cpu_s"] / row["elapsed_s"]


MESSAGES = (("msg/s", "rate", rate), ("CPU s/1000", "cpu_s_per_1000", cpu_per_thousand))
SESSIONS = (("sessions/s", "rate", rate), ("CPU s/1000", "cpu_s_per_1000", cpu_per_thousand))
BULK = (("MB/s", "mb_per_s", megabytes_per_second), ("CPU s/GB", "cpu_s_per_gb", cpu_per_gigabyte))
FIGURES = {"messages": MESSAGES, "sessions": SESSIONS, "bulk": BULK}


def ratio(ours, theirs):
	return ours / theirs if ours is not None and theirs else None


def summary(case, rounds):
	"""Figures of one case; `rounds` is [{candidate: row or text of the fault}].

	A ratio is the median of the ratios of each round, whose two runs stand next to each other in time.
	"""
	columns = FIGURES[case.figures]
	result = {"case": case.name, "size": case.size, "connections": case.connections,
		"figures": case.figures, "candidates": {}}
	for name in dict.fromkeys(name for one in rounds for name in one):
		rows = [one.get(name) for one in rounds]
		good = [row for row in rows if isinstance(row, dict)]
		entry = {"runs": len(good), "busy": median([busy(row) for row in good]),
			"messages": sum(row["messages"] for row in good),
			"faults": sorted({row for row in rows if isinstance(row, str)})}
		for key in ("resumed_up", "resumed_down"):
			entry[key] = median([row.get(key) for row in good])
		for _, key, figure in columns:
			entry[key] = median([figure(row) for row in good])
			entry["ratio_" + key] = median([ratio(figure(one[OURS]), figure(one[name])) for one in rounds
				if isinstance(one.get(name), dict) and isinstance(one.get(OURS), dict)])
		result["candidates"][name] = entry
	return result


def number(value, digits=3):
	if value is None:
		return "-"
	places = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else digits
	return f"{value:.{places}f}"


def lines_of(rows):
	"""Rows of texts as a table; the first column to the left, the others to the right."""
	widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
	return ["  ".join(text.ljust(width) if column == 0 else text.rjust(width)
		for column, (text, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def percent(value):
	return "-" if value is None else f"{value * 100:.0f}%"


def ratio_text(name, value):
	return "" if name == OURS else number(value) + ("x" if value is not None else "")


def case_lines(one):
	columns = FIGURES[one["figures"]]
	resumed = (("resumed up", "resumed_up"), ("down", "resumed_down")) if one["figures"] == "sessions" else ()
	table = [["", *(title for title, _, _ in columns), "core busy", *("ratio " + title for title, _, _ in columns),
		*(title for title, _ in resumed)]]
	notes = []
	for name, entry in one["candidates"].items():
		table.append([name, *(number(entry[key]) for _, key, _ in columns), percent(entry["busy"]),
			*(ratio_text(name, entry["ratio_" + key]) for _, key, _ in columns),
			*(percent(entry[key]) for _, key in resumed)])
		notes += [f"  {name}: {fault}" for fault in entry["faults"]]
	return ["", one["case"], *lines_of(table), *notes]


def idle_lines(idle, code):
	table = [["", "PSS kB", "code kB", "ratio PSS", "ratio code"]]
	for name in idle:
		ratios = [ratio(have[OURS], have.get(name)) if have.get(OURS) else None
			for have in (idle, {key: value for key, value in code.items() if value})]
		table.append([name, number(idle[name]), number(code[name] / 1000 if code.get(name) else None),
			*(ratio_text(name, value) for value in ratios)])
	return ["", "after start (PSS of all processes); programs and libraries in use, stripped, without libc",
		*lines_of(table)]


def per_connection(found):
	"""kB that each connection adds: from the first count that is not 0, so that code and tables which
	the first clients bring into memory, once, are not spread over them."""
	most, first = max(found), sorted(found)[1 if len(found) > 2 else 0]
	return (found[most] - found[first]) / (most - first)


def waiting_lines(title, rows):
	"""`rows` is {candidate: {connections: PSS kB} or the text of a fault}."""
	good = {name: found for name, found in rows.items() if isinstance(found, dict)}
	counts = sorted(next(iter(good.values()), {}))
	table = [["", *(f"{count} conn." for count in counts), "kB/connection", "ratio"]]
	for name, found in good.items():
		ours = per_connection(good[OURS]) if OURS in good else None
		table.append([name, *(number(found[count]) for count in counts), number(per_connection(found)),
			ratio_text(name, ratio(ours, per_connection(found)))])
	return ["", f"{title}: PSS of all processes in kB", *(lines_of(table) if good else []),
		*(f"  {name}: {found}" for name, found in rows.items() if not isinstance(found, dict))]


def ours_failed(result):
	"""Whether the gateway itself was left out or broke anywhere."""
	return (any(name.split()[0] == OURS for name in result["left_out"])
		or any(one["candidates"].get(OURS, {}).get("faults") for one in result["cases"])
		or any(not isinstance(rows.get(OURS), dict) for rows in result["idle"].values()))


def show(result):
	"""The whole report as lines."""
	lines = ["Every figure is the median of the rounds; ratios are mailwicket/peer within a round. Compare",
		"ratios only: figures depend on the machine and on what else it does. Mail: one message a",
		"connection, plain to verified TLS 1.2 with sessions resumed. Mailboxes: sign in and out, TLS 1.2;",
		"`resumed` says how many handshakes of either leg were; nginx mail talks plain to the far end.",
		"Generator and sink have the other core, so that rates say little about a candidate whose core is",
		"not busy: its CPU does."]
	lines += [f"{name}: left out: {why}" for name, why in result["left_out"].items()]
	if result["pss_kb"]:
		lines += idle_lines(result["pss_kb"], result["code_bytes"])
	for one in result["cases"]:
		lines += case_lines(one)
	for title, rows in result["idle"].items():
		lines += waiting_lines(title, rows)
	rounds = f"{result['rounds']} rounds, " if result["cases"] else ""
	lines += ["", f"{result['seconds']:.0f} s, {rounds}{result['machine']}",
		f"again: {result['command']}"]
	return lines
