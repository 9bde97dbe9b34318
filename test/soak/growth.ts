/** A value at a time. */
export interface Point {
  hours: number;
  value: number;
}

/** The straight line that is nearest to points by least squares. */
export interface Line {
  perHour: number;
  /** The standard error of that: twice as much on either side holds the true growth in 95 of 100 runs. */
  error: number;
}

/** @throws Error for fewer than three points, or points of one moment only, through which no line can be judged */
export function lineThrough(points: readonly Point[]): Line {
  if (points.length < 3) throw new Error(`${points.length} points are too few for a line`);
  const hours = mean(points.map((point) => point.hours));
  const value = mean(points.map((point) => point.value));
  const spread = sum(points.map((point) => (point.hours - hours) ** 2));
  if (spread === 0) throw new Error('points of one moment make no line');
  const perHour = sum(points.map((point) => (point.hours - hours) * (point.value - value))) / spread;
  const rests = points.map((point) => point.value - value - perHour * (point.hours - hours));
  return { perHour, error: Math.sqrt(sum(rests.map((rest) => rest ** 2)) / (points.length - 2) / spread) };
}

/** The least growth that the points leave possible: what is below the goal is not shown to miss it. */
export function certainGrowth({ perHour, error }: Line): number {
  return perHour - 2 * error;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
