"""A person who follows the address a client opened, signs in, agrees, and lets the client have the answer.

Run by `browser.sh`; WALKER is the person's account at Microsoft.
"""

import os
import sys
from urllib.parse import parse_qs, urlsplit

from stand_in import Browser

address = sys.argv[1]
back = parse_qs(urlsplit(address).query)["redirect_uri"][0]
browser = Browser(os.environ["WALKER"])
answer = browser.go(address, back)
print(f"came back to {back} with {sorted(answer)}")
told = browser.hand_over(back, answer)
print(f"the client says {told.status_code}")
