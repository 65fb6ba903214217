"""For each provider: how its source is set up, what it sends, what must come of that, and who signs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import own
import pypi
from messages import Message, cloud_events, recorded
from npm import Package
from signer import Sign, Signer

URL = "https://hooks.example.test/in/conformance"

GENERIC_KEYS = """\
secrets = ["{secret}"]
order_ref = "/order/id"
[sources.{name}.map]
type = "/action"
amount = "/order/total"
currency = "/order/currency"
time = "/order/updated_at"
"""


@dataclass(frozen=True)
class Ending:
    """The state of the order when everything is told."""

    status: str
    captured: int
    refunded: int


@dataclass(frozen=True)
class Practice:
    """`life`: the messages by name, each with the verdict that it must have; `repeat`: that of the first one once more,
    where it is looked at once more at all."""

    secret: str
    another: str
    life: dict[str, str]
    ending: Ending
    repeat: str = "duplicate"
    keys: str = 'secrets = ["{secret}"]'
    npm: tuple[Package, ...] = ()
    others: tuple[Signer, ...] = ()
    # What is changed after signing; absent where nothing protects the body.
    forge: Callable[[bytes], bytes] | None = lambda body: body[:-1] + b" " + body[-1:]
    messages: Callable[[], list[Message]] | None = None

    def sent(self, provider: str) -> list[Message]:
        return self.messages() if self.messages else [recorded(provider, name) for name in self.life]

    def source(self, provider: str, name: str) -> str:
        """Its section in the configuration; without namespace, so that every source has orders of its own."""
        keys = self.keys.format(name=name, secret=self.secret, url=URL)
        return f'[sources.{name}]\nprovider = "{provider}"\n{keys}\n'


def ours(sign: Sign) -> tuple[Signer, ...]:
    return (Signer("-", None, sign),)


def without_success(body: bytes) -> bytes:
    """A failed capture made of one that succeeded, in the fields that Adyen signs."""
    return re.sub(rb'"success": ?"true"', b'"success":"false"', body)


PRACTICES = {
    "native": Practice(
        secret="conformance-token-0001",
        another="conformance-token-0002",
        keys='tokens = ["{secret}"]\ndefault_currency = "USD"',
        life={"native.pending": "applied", "native.paid": "applied", "native.refunded_partial": "applied"},
        ending=Ending("partially_refunded", 99_99, 25_00),
        others=ours(own.bearer),
        forge=None,
    ),
    "stripe": Practice(
        secret="whsec_conformance_0123456789abcdef",
        another="whsec_conformance_fedcba9876543210",
        keys='secrets = ["{secret}"]\nlive = false',
        life={
            "stripe.pi.created": "applied",
            "stripe.pi.capturable": "applied",
            "stripe.pi.succeeded": "applied",
            "stripe.charge.refunded.partial": "applied",
        },
        ending=Ending("partially_refunded", 99_99, 25_00),
        npm=(Package("stripe"),),
        others=(pypi.STRIPE,),
    ),
    "shopify": Practice(
        secret="shpss_conformance_0123456789abcdef",
        another="shpss_conformance_fedcba9876543210",
        life={
            "orders/create": "applied",
            "order_transactions/create": "applied",
            "refunds/create": "applied",
            "orders/updated": "applied",
        },
        ending=Ending("partially_refunded", 99_99, 25_00),
        npm=(Package("@shopify/shopify-api"),),
    ),
    "adyen": Practice(
        secret="44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
        another="55782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
        keys='secrets = ["{secret}"]\nlive = false',
        life={"AUTHORISATION": "applied", "CAPTURE": "applied", "REFUND": "applied"},
        ending=Ending("partially_refunded", 99_99, 25_00),
        npm=(Package("@adyen/api-library"),),
        others=(pypi.ADYEN,),
        forge=without_success,
    ),
    "woocommerce": Practice(
        secret="woo conformance & <key>",
        another="woo conformance & <other key>",
        life={"order.created": "applied", "order.updated.processing": "applied", "order.updated.refund": "applied"},
        ending=Ending("partially_refunded", 99_99, 25_00),
        others=ours(own.woocommerce),
    ),
    "square": Practice(
        secret="conformance-square-signature-key",
        another="conformance-square-signature-kez",
        keys='secrets = ["{secret}"]\nurl = "{url}"',
        life={
            "square.payment.created": "applied",
            "square.payment.updated": "applied",
            "square.refund.updated": "applied",
        },
        ending=Ending("partially_refunded", 99_99, 25_00),
        npm=(Package("square", signs=own.square),),
        others=(pypi.SQUARE,),
    ),
    "lightspeed-c": Practice(
        secret="conformance_ecom_secret_0123456789",
        another="conformance_ecom_secret_9876543210",
        keys='secrets = ["{secret}"]\ndefault_currency = "EUR"',
        life={"lsc.orders.created": "applied", "lsc.orders.paid": "applied", "lsc.orders.shipped": "applied"},
        ending=Ending("completed", 99_99, 0),
        others=ours(own.lightspeed_c),
    ),
    "lightspeed-x": Practice(
        secret="conformance_client_secret_01234567",
        another="conformance_client_secret_76543210",
        keys='secrets = ["{secret}"]\ndefault_currency = "USD"',
        life={"lsx.sale.saved.hex": "applied", "lsx.sale.closed.hex": "applied"},
        ending=Ending("completed", 99_99, 0),
        others=ours(own.lightspeed_x),
    ),
    "mollie": Practice(
        secret="conformance_mollie_secret_01234567",
        another="conformance_mollie_secret_76543210",
        keys='secrets = ["{secret}"]\nlive = false',
        life={"mollie.payment.paid": "applied", "mollie.refund.refunded": "applied"},
        ending=Ending("partially_refunded", 99_99, 25_00),
        npm=(Package("mollie-api-typescript"),),
        others=(pypi.MOLLIE,),
    ),
    "mollie-classic": Practice(
        secret="conformance-token-0003",
        another="conformance-token-0004",
        keys='tokens = ["{secret}"]',
        life={"classic.id_only": "applied"},
        # Every notice may mean another change, so none repeats another.
        repeat="applied",
        ending=Ending("pending", 0, 0),
        others=ours(own.token_in_url),
        forge=None,
        messages=lambda: [recorded("mollie", "classic.id_only")],
    ),
    "standard": Practice(
        secret="whsec_Y29uZm9ybWFuY2UtY29uZm9ybWFuY2UtMDE=",
        another="whsec_Y29uZm9ybWFuY2UtY29uZm9ybWFuY2UtMDI=",
        life={"sw.order.paid": "applied", "sw.order.refunded": "applied", "sw.unicode": "ignored"},
        ending=Ending("partially_refunded", 99_99, 25_00),
        npm=(Package("standardwebhooks"), Package("svix")),
        others=(pypi.STANDARD, pypi.SVIX),
    ),
    "cloudevents": Practice(
        secret="conformance-token-0005",
        another="conformance-token-0006",
        keys='tokens = ["{secret}"]',
        life={"binary": "applied", "structured": "applied"},
        ending=Ending("refunded", 99_99, 99_99),
        npm=(Package("cloudevents", verifies=False),),
        others=(pypi.CLOUDEVENTS,),
        forge=None,
        messages=cloud_events,
    ),
    "paypal": Practice(
        # With its own keys in place of PayPal's certificate, which is fetched from PayPal's hosts alone.
        secret=own.paypal_key(),
        another=own.paypal_key(),
        keys="secrets = ['''{secret}''']\nwebhook_id = \"" + own.PAYPAL_WEBHOOK_ID + '"',
        life={"paypal.capture.completed": "applied", "paypal.capture.refunded": "applied"},
        ending=Ending("partially_refunded", 99_99, 25_00),
        others=ours(own.paypal),
    ),
    "generic": Practice(
        secret="conformance's secret to everybody",
        another="conformance's secret to nobody",
        keys=GENERIC_KEYS,
        life={"generic.order": "applied"},
        ending=Ending("paid", 99_99, 0),
        npm=(Package("@octokit/webhooks-methods"),),
    ),
}
