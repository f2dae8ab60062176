// Ticks and seconds of a score, by its tempo map.

export class Clock {
  constructor({ tempo, ticks_per_beat }) {
    this.steps = [];
    let seconds = 0;
    tempo.forEach(([tick, us], at) => {
      if (at) seconds += (tick - tempo[at - 1][0]) * this.steps[at - 1].pace;
      this.steps.push({ tick, seconds, pace: us / 1e6 / ticks_per_beat });
    });
  }

  seconds(tick) {
    const step = this.steps.findLast((one) => one.tick <= tick) ?? this.steps[0];
    return step.seconds + (tick - step.tick) * step.pace;
  }

  tick(seconds) {
    const step = this.steps.findLast((one) => one.seconds <= seconds) ?? this.steps[0];
    return step.tick + (seconds - step.seconds) / step.pace;
  }
}

export function spoken(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
