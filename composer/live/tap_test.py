"""The tap test at work: a click through the outputs, taps on the inputs, and the result kept for both. See `calibration`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from composer.errors import InputError
from composer.live import midi
from composer.live.calibration import LEAD_IN, Latencies, measure_taps
from composer.live.inbox import Inbox, LiveInbox
from composer.live.items import Heard
from composer.live.ledger import Ledger, Sender
from composer.live.ports import Ports
from composer.live.session import SessionPlan
from composer.live.voices import CLICK

CLICKS, PERIOD_S = 20, 0.6
SYNTH_S = (512 + 160) / 48_000
"""What our own renderer's buffers and its limiter's look-ahead add."""


def tap_test(plan: SessionPlan, say: Callable[[str], None], path: Path | None = None) -> int:
    """Run the test over a session's ports and keep what it finds. Raises InputError where there is nothing to tap on."""
    taps = [name for name in plan.inputs if name.kind != "file"]
    if len(taps) != 1 or len(plan.outputs) != 1:
        raise InputError("calibration needs exactly one --input and one --output")
    inbox = LiveInbox()
    with Ports(inbox.put, plan.soundfont) as ports:
        ports.input(taps[0])
        output = ports.output(plan.outputs[0].port)
        say(f"tap any key along with the click: {CLICKS} clicks, of which the first {LEAD_IN} do not count")
        late_s, spread_s = run_test(inbox, output, plan.settings.channels["drums"])
    known = Latencies.load(path)
    out_s = SYNTH_S if plan.outputs[0].port.kind == "synth" else plan.output_latency_s or 0.0
    known.outputs[plan.outputs[0].port.text] = out_s
    known.inputs[taps[0].text] = max(0.0, late_s)
    where = known.save(path)
    say(f"taps came {late_s * 1000:.0f} ms late, ± {spread_s * 1000:.0f} ms; saved to {where}")
    return 0


def run_test(inbox: Inbox, output: Sender, channel: int) -> tuple[float, float]:
    """Click and listen: (median lateness, spread) in seconds."""
    ledger = Ledger([output])
    first_s = inbox.now() + 1.0
    clicks = [first_s + number * PERIOD_S for number in range(CLICKS)]
    heard: list[float] = []
    try:
        for at_s in [*clicks, clicks[-1] + PERIOD_S]:
            while (item := inbox.wait(at_s)) is not None or inbox.now() < at_s:
                if isinstance(item, Heard) and midi.is_note_on(item.data):
                    heard.append(item.time_s)
            if at_s in clicks:
                ledger.note_on(output.name, channel, CLICK, 110)
    finally:
        ledger.all_off()
    return measure_taps(clicks, heard)
