"""The rules: a request, the cards of its LoRAs and the settings make a `GuardPlan`."""
