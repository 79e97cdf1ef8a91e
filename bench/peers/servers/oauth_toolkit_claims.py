# mypy: ignore-errors
# Written against packages that only the peers' own environment has.
"""What django-oauth-toolkit tells about a person beside the subject; apart, since it can be imported only once Django is set up."""

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):
    oidc_claim_scope = OAuth2Validator.oidc_claim_scope | {"name": "profile", "email": "email", "email_verified": "email"}

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        return {"name": request.user.get_full_name(), "email": request.user.email, "email_verified": True}
