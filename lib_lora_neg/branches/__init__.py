"""One LoRA, two strengths: what the prompt's evaluation gets of a LoRA, and what the negative's.

Classifier-free guidance evaluates the model twice, and a LoRA that is merged into the weights acts
on both evaluations alike. Here a layer's output is ``y = Wx + Σ s(row) · B(Ax)``: the strength
belongs to the row of the batch, so no weight is swapped and one call of the model serves both.

    delta      what a LoRA adds to one weight: thin factors, or a whole matrix  (`deltas`)
    strengths  how much of it, for each branch                                   (`strengths`)
    layers     the deltas of one layer, added to the rows of its output          (`layers`)
    owner      layers taken over for the time of one sampling pass               (`attachment`)

A host merges as it always does, and hands over only the difference: what a branch is to have less
what the weights have already. Where a host's weights are right for the prompt, nothing is computed
in its rows, and a step without a negative evaluation costs what it cost before. Knows no host.
"""

from .strengths import Branch, Strengths

__all__ = ["Branch", "Strengths"]
