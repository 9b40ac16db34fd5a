#!/usr/bin/env python3
r"""Records commands as an animated picture that needs no player: an SVG.

    cast.py [--answer QUESTION=TEXT]... OUT.svg 'provision plan' 'provision' ...

Each command is typed, run on a terminal of 80 columns, and its screen drawn as it
changes; waits are cut short. A line that ends with QUESTION is answered with TEXT.
Needs the package `pyte`, a terminal's emulator.

docs/pictures/run.svg was made so, beside an inventory of the lab's fresh nodes:

    cast.py --answer 'sudo):=…' --answer 'fingerprint)?=yes' docs/pictures/run.svg \
        'provision --ask-password' 'provision --ask-password status'
"""

import argparse
import html
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import fcntl
import time

import pyte

COLUMNS, ROWS = 80, 24
# No wait of the recording is longer, and no frame shorter, in seconds.
LONGEST, SHORTEST = 1.2, 0.12
# A command's screen is drawn this often while it works, in seconds.
OFTEN = 0.5
CELL, LINE = 8.4, 18


def record(commands, answers):
    """Yields (seconds to wait before, lines of the screen)."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    lines = lambda: [line.rstrip() for line in screen.display]
    for command in commands:
        for typed in range(0, len(command) + 1, 3):
            stream.feed(b"\r\x1b[K$ " + command[: typed or 1].encode())
            yield 0.12, lines()
        stream.feed(b"\r\x1b[K$ " + command.encode() + b"\r\n")
        yield 0.4, lines()
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm", COLUMNS=str(COLUMNS), LINES=str(ROWS), NO_COLOR="1")
            os.execvp("sh", ["sh", "-c", command])
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        shown, said = time.monotonic(), ""
        while True:
            ready, _, _ = select.select([terminal], [], [], 0.5)
            if ready:
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    data = b""
                if not data:
                    break
                stream.feed(data)
                said += data.decode(errors="replace")
            answer = next((text for ask, text in answers if said.rstrip().endswith(ask)), None)
            if answer is not None:
                yield LONGEST, lines()
                said = ""
                os.write(terminal, answer.encode() + b"\n")
            if time.monotonic() - shown > OFTEN:
                yield time.monotonic() - shown, lines()
                shown = time.monotonic()
        yield time.monotonic() - shown, lines()
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"`{command}` ended with {os.waitstatus_to_exitcode(status)}")
        yield 1.0, lines()


def svg(frames):
    """The frames, each shown at its time; the last one stays for a while."""
    times, shown, at = [], [], 0.0
    for wait, lines in frames:
        at += min(max(wait, SHORTEST), LONGEST)
        if shown and lines == shown[-1]:
            continue
        times.append(at)
        shown.append(lines)
    total = at + 6
    width, height = COLUMNS * CELL + 24, ROWS * LINE + 24
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">',
        "<title>A recorded run on a terminal</title>",
        "<style>text{font:14px ui-monospace,'DejaVu Sans Mono',monospace;fill:#d7e0da;"
        "white-space:pre}g{visibility:hidden}",
    ]
    for number, begin in enumerate(times):
        end = times[number + 1] if number + 1 < len(times) else total
        a, b = 100 * begin / total, 100 * end / total
        name = f"f{number}"
        out.append(
            f"@keyframes {name}{{0%{{visibility:hidden}}{a:.3f}%{{visibility:visible}}"
            f"{b:.3f}%{{visibility:hidden}}100%{{visibility:hidden}}}}"
            f"#{name}{{animation:{name} {total:.1f}s steps(1) infinite}}"
        )
    # Who wants no motion sees the end.
    out.append(
        f"@media (prefers-reduced-motion){{g{{animation:none!important}}"
        f"#f{len(times) - 1}{{visibility:visible}}}}</style>"
    )
    out.append(f'<rect width="100%" height="100%" rx="8" fill="#15201a"/>')
    for number, lines in enumerate(shown):
        rows = "".join(
            f'<text x="12" y="{12 + LINE * (row + 0.8):.0f}">{html.escape(line)}</text>'
            for row, line in enumerate(lines)
            if line
        )
        out.append(f'<g id="f{number}">{rows}</g>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--answer", action="append", default=[], metavar="QUESTION=TEXT")
    parser.add_argument("out")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    answers = [tuple(answer.split("=", 1)) for answer in options.answer]
    text = svg(record(options.command, answers))
    with open(options.out, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{options.out}: {len(text)} bytes")


if __name__ == "__main__":
    main()
