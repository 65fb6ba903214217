"""unusable.py INGEST SECRET: sends signed Stripe events that nobody can understand."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
import urllib.request

# What is wrong with each.
EVENTS = {
    "evt_demo_no_amount": {"id": "pi_demo", "object": "payment_intent", "currency": "usd"},
    "evt_demo_no_currency": {"id": "pi_demo", "object": "payment_intent", "amount_received": 4200},
    "evt_demo_no_object": {},
}


def main() -> None:
    ingest, secret = sys.argv[1:]
    accepted = 0
    for event_id, subject in EVENTS.items():
        now = int(time.time())
        event = {"id": event_id, "object": "event", "type": "payment_intent.succeeded", "created": now}
        body = json.dumps(event | {"livemode": False, "data": {"object": subject}}).encode()
        signature = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"stripe-signature": f"t={now},v1={signature}", "content-type": "application/json"}
        request = urllib.request.Request(f"{ingest}/webhooks/stripe", body, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            accepted += response.status == 202
    print(f"{accepted} of {len(EVENTS)} accepted", file=sys.stderr)


if __name__ == "__main__":
    main()
