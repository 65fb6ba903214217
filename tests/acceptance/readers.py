"""Which reader understands what which provider sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import native_events
import payment_events
import pointed_events
import shop_events
import stripe_events
from events import Event
from received import Received


def native(received: Received) -> Event:
    return native_events.read(received.source, received.body)


def stripe(received: Received) -> Event:
    return stripe_events.read(received.source, received.body, received.webhook_id)


READERS: Mapping[str, Callable[[Received], Event]] = {
    "native": native,
    "stripe": stripe,
    "shopify": shop_events.shopify,
    "woocommerce": shop_events.woocommerce,
    "lightspeed-c": shop_events.lightspeed_c,
    "lightspeed-x": shop_events.lightspeed_x,
    "adyen": payment_events.adyen,
    "paypal": payment_events.paypal,
    "square": payment_events.square,
    "mollie": payment_events.mollie,
    "mollie-classic": payment_events.mollie_classic,
    "standard": pointed_events.standard,
    "cloudevents": pointed_events.cloudevents,
    "generic": pointed_events.generic,
}
