"""A person who follows the address a client opened, signs in, agrees, and lets the client have the answer.

Run by `browser.sh`; WALKER is the person's account at Microsoft.
"""

import os
import sys
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from stand_in import Browser

address = sys.argv[1]
back = parse_qs(urlsplit(address).query)["redirect_uri"][0]
answer = Browser(os.environ["WALKER"]).go(address, back)
print(f"came back to {back} with {sorted(answer)}")
told = requests.get(f"{back}?{urlencode(answer)}", timeout=30)
print(f"the client says {told.status_code}")
