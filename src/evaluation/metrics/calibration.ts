/**
 * Contextual calibration (Zhao et al. 2021): a model likes some labels better than others whatever it reads. What it likes
 * is measured with inputs that say nothing ("N/A", an empty one), and taken off:
 *
 *   p(label | input) ∝ exp(log p_model(label | input) − log prior(label))
 *
 * which is the paper's W = diag(prior)⁻¹, b = 0. The prior comes from the untuned model and serves all that are compared.
 */

/** A share for each label, 0..1, adding up to 1. @param logLikelihoods `[labels]`, nats */
export function probabilities(logLikelihoods: readonly number[]): number[] {
  return logProbabilities(logLikelihoods).map(Math.exp);
}

/**
 * The mean over content-free inputs of the labels' probabilities, as logarithms.
 * @param contentFree `[inputs][labels]` log likelihoods, nats
 */
export function logPrior(contentFree: readonly (readonly number[])[]): number[] {
  const each = contentFree.map(logProbabilities);
  const labels = each[0]?.length ?? 0;
  return Array.from({ length: labels }, (_, label) => {
    const ofInputs = each.map((input) => input[label]!);
    return logSumExp(ofInputs) - Math.log(ofInputs.length);
  });
}

/** Probabilities after calibration. @param prior of `logPrior` */
export function calibrated(logLikelihoods: readonly number[], prior: readonly number[]): number[] {
  return probabilities(logLikelihoods.map((nats, label) => nats - prior[label]!));
}

function logProbabilities(logLikelihoods: readonly number[]): number[] {
  const total = logSumExp(logLikelihoods);
  return logLikelihoods.map((one) => one - total);
}

/** log Σ exp, with the largest taken out so that nothing underflows. */
function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
