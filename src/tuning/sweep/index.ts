/** Sweeps: which runs a search makes, which of them go on, and what they say together. Pure: it runs nothing itself. */
export { decide } from './halving';
export { reportOf } from './report';
export { settingsOf } from './settings';
export { MAX_SWEEP_RUNS, pointsOf } from './space';
export { beginSweep, nextRun, setRun, takenUp } from './state';
