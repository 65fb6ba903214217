"""All fourteen kinds of senders as sources of one namespace, so that they can tell of the same orders."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import signing

SOURCES = """\
[sources.payments]
provider = "native"
tokens = ["{payments_token}"]
default_currency = "USD"
[sources.stripe]
provider = "stripe"
live = false
secrets = ["{stripe_secret}"]
order_ref = "/metadata/order_id"
[sources.shop]
provider = "shopify"
secrets = ["{secret}"]
[sources.woo]
provider = "woocommerce"
secrets = ["{secret}"]
[sources.ecom]
provider = "lightspeed-c"
secrets = ["{secret}"]
default_currency = "USD"
[sources.till]
provider = "lightspeed-x"
secrets = ["{secret}"]
default_currency = "USD"
[sources.adyen]
provider = "adyen"
live = false
secrets = ["{hex}"]
tokens = ["user:{secret}"]
[sources.paypal]
provider = "paypal"
webhook_id = "WH-1"
secrets = ['''{key}''']
[sources.square]
provider = "square"
secrets = ["{secret}"]
url = "https://example.com/webhooks/square"
[sources.mollie]
provider = "mollie"
live = false
secrets = ["{secret}"]
[sources.classic]
provider = "mollie-classic"
live = false
[sources.standard]
provider = "standard"
secrets = ["whsec_{base64}"]
[sources.events]
provider = "cloudevents"
tokens = ["{secret}"]
[sources.forge]
provider = "generic"
secrets = ["{secret}"]
"""


def toml() -> str:
    """Secrets of this run alone. In the place of PayPal's certificate stands a key: the run signs for PayPal."""
    random = os.urandom(32)
    return SOURCES.format(
        payments_token=signing.TOKENS["payments"],
        stripe_secret=signing.STRIPE_SECRET,
        secret=random.hex(),
        hex=os.urandom(32).hex(),
        base64=base64.b64encode(random).decode(),
        key=rsa_key(),
    ).replace("provider =", 'namespace = "default"\nprovider =')


def rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
