"""What makes a request authentic: Stripe's own package signs for Stripe, a token stands for native sources."""

from __future__ import annotations

import stripe

from webhook import Webhook

STRIPE_SECRET = "whsec_acceptance_0123456789abcdef"
TOKENS = {"payments": "acceptance-payments-token-01", "admin": "acceptance-admin-token-0001"}


def headers(webhook: Webhook) -> dict[str, str]:
    """Fresh for each attempt, as Stripe signs each attempt anew; the body stays the same."""
    if webhook.source == "classic":
        # Anyone may hint.
        return {"content-type": "application/x-www-form-urlencoded"}
    if webhook.source == "stripe":
        signature = stripe.WebhookSignature.generate_signature_header(webhook.body.decode(), STRIPE_SECRET)
        return {"stripe-signature": signature, "content-type": "application/json; charset=utf-8"}
    return {"authorization": f"Bearer {TOKENS[webhook.source]}", "content-type": "application/json"}
