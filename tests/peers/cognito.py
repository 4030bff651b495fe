"""A user pool from boto3's side: sign-up, sign-in by password and by SRP, refresh, sign-out, administration, groups.

Tokens are verified with a JOSE library against the keys that the pool publishes; SRP is spoken by what is written here
after Cognito's own clients, with Python's numbers.
"""

import base64
import hashlib
import hmac
import os
import time

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from client import *

cognito = boto3.client("cognito-idp")
errors = cognito.exceptions
PASSWORD = "Correct-horse-1"


def messages():
    return json.loads(get("/_ferrogate/cognito")[2])["messages"]


def code_for(username):
    return next(sent["code"] for sent in messages() if sent["username"] == username and "code" in sent)


def verified(token, issuer, **claims):
    """The claims of a token whose signature is the pool's."""
    pool = issuer.rsplit("/", 1)[1]
    status, headers, text = get(f"/{pool}/.well-known/jwks.json", Origin="https://example.com")
    assert status == 200 and headers["access-control-allow-origin"] == "*", (status, headers)
    decoded = jwt.decode(token, KeySet.import_key_set(json.loads(text)), algorithms=["RS256"])
    jwt.JWTClaimsRegistry(iss={"essential": True, "value": issuer}, exp={"essential": True}).validate(decoded.claims)
    for name, value in claims.items():
        assert decoded.claims[name] == value, (name, decoded.claims)
    return decoded.claims


def secret_hash(client, username):
    message = (username + client["ClientId"]).encode()
    return base64.b64encode(hmac.new(client["ClientSecret"].encode(), message, hashlib.sha256).digest()).decode()


pool = cognito.create_user_pool(
    PoolName="people",
    AutoVerifiedAttributes=["email"],
    Schema=[{"Name": "tier", "AttributeDataType": "String", "Mutable": True}],
)["UserPool"]["Id"]
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]
client = cognito.create_user_pool_client(
    UserPoolId=pool, ClientName="page", ExplicitAuthFlows=flows, PreventUserExistenceErrors="ENABLED"
)["UserPoolClient"]["ClientId"]
discovery = json.loads(get(f"/{pool}/.well-known/openid-configuration")[2])
assert discovery["issuer"] == ISSUER and discovery["jwks_uri"].endswith(f"/{pool}/.well-known/jwks.json"), discovery


def sign_in(username, password=PASSWORD, client=client):
    parameters = {"USERNAME": username, "PASSWORD": password}
    return cognito.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)


# SignUp -> ConfirmSignUp -> InitiateAuth -> GetUser -> refresh -> GlobalSignOut.
attributes = [{"Name": "email", "Value": "ann@example.com"}, {"Name": "custom:tier", "Value": "free"}]
made = cognito.sign_up(ClientId=client, Username="ann", Password=PASSWORD, UserAttributes=attributes)
assert made["UserConfirmed"] is False and made["CodeDeliveryDetails"]["Destination"] == "a***@e***", made
refused(errors.UserNotConfirmedException, "User is not confirmed.", sign_in, username="ann")
refused(errors.CodeMismatchException, "Invalid verification code", cognito.confirm_sign_up,
        ClientId=client, Username="ann", ConfirmationCode="no")
cognito.confirm_sign_up(ClientId=client, Username="ann", ConfirmationCode=code_for("ann"))
refused(errors.UsernameExistsException, "User already exists", cognito.sign_up, ClientId=client, Username="ann", Password=PASSWORD)
refused(errors.NotAuthorizedException, "Incorrect username or password.", sign_in, username="ann", password="wrong")
refused(errors.NotAuthorizedException, "Incorrect username or password.", sign_in, username="nobody")
tokens = sign_in("ann")["AuthenticationResult"]
id_token = verified(tokens["IdToken"], ISSUER, aud=client, sub=made["UserSub"], token_use="id", email="ann@example.com",
                    email_verified=True, **{"cognito:username": "ann", "custom:tier": "free"})
verified(tokens["AccessToken"], ISSUER, client_id=client, username="ann", token_use="access",
         scope="aws.cognito.signin.user.admin", origin_jti=id_token["origin_jti"])
header, payload, signature = tokens["AccessToken"].split(".")
try:
    verified(".".join([header, payload, ("B" if signature[0] == "A" else "A") + signature[1:]]), ISSUER)
    raise SystemExit("a forged token was verified")
except JoseError:
    pass
user = cognito.get_user(AccessToken=tokens["AccessToken"])
assert {"Name": "custom:tier", "Value": "free"} in user["UserAttributes"], user


def refresh(token):
    return cognito.initiate_auth(ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token})


fresh = refresh(tokens["RefreshToken"])["AuthenticationResult"]
assert "RefreshToken" not in fresh, fresh.keys()
verified(fresh["AccessToken"], ISSUER, origin_jti=id_token["origin_jti"])
cognito.global_sign_out(AccessToken=fresh["AccessToken"])
refused(errors.NotAuthorizedException, "Access Token has been revoked", cognito.get_user, AccessToken=tokens["AccessToken"])
refused(errors.NotAuthorizedException, "Refresh Token has been revoked", refresh, token=tokens["RefreshToken"])
refused(errors.NotAuthorizedException, "Invalid Access Token", cognito.get_user, AccessToken="no.such.token")

# AdminCreateUser -> NEW_PASSWORD_REQUIRED.
cognito.admin_create_user(UserPoolId=pool, Username="bob", TemporaryPassword="Temporary-1!",
                          UserAttributes=[{"Name": "email", "Value": "bob@example.com"}])
challenge = sign_in("bob", "Temporary-1!")
assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED", challenge
answer = {"ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": challenge["Session"]}
refused(errors.InvalidPasswordException, "Password not long enough", cognito.respond_to_auth_challenge,
        ChallengeResponses={"USERNAME": "bob", "NEW_PASSWORD": "short"}, **answer)
done = cognito.respond_to_auth_challenge(ChallengeResponses={"USERNAME": "bob", "NEW_PASSWORD": PASSWORD}, **answer)
verified(done["AuthenticationResult"]["IdToken"], ISSUER, **{"cognito:username": "bob"})
assert cognito.admin_get_user(UserPoolId=pool, Username="bob")["UserStatus"] == "CONFIRMED"

# A forgotten password.
cognito.admin_update_user_attributes(UserPoolId=pool, Username="bob", UserAttributes=[{"Name": "email_verified", "Value": "true"}])
cognito.forgot_password(ClientId=client, Username="bob")
cognito.confirm_forgot_password(ClientId=client, Username="bob", ConfirmationCode=code_for("bob"), Password="Another-horse-2")
refused(errors.NotAuthorizedException, "Incorrect username or password.", sign_in, username="bob")
sign_in("bob", "Another-horse-2")

# Groups, and lists of users.
cognito.create_group(UserPoolId=pool, GroupName="admins", Precedence=1)
cognito.admin_add_user_to_group(UserPoolId=pool, Username="bob", GroupName="admins")
tokens = sign_in("bob", "Another-horse-2")["AuthenticationResult"]
verified(tokens["AccessToken"], ISSUER, **{"cognito:groups": ["admins"]})
assert [user["Username"] for user in cognito.list_users_in_group(UserPoolId=pool, GroupName="admins")["Users"]] == ["bob"]
for number in range(5):
    cognito.admin_create_user(UserPoolId=pool, Username=f"user-{number}", MessageAction="SUPPRESS")
pages = list(cognito.get_paginator("list_users").paginate(UserPoolId=pool, PaginationConfig={"PageSize": 3}))
names = [user["Username"] for page in pages for user in page["Users"]]
assert len(pages) == 3 and names == ["ann", "bob"] + [f"user-{number}" for number in range(5)], names
found = cognito.list_users(UserPoolId=pool, Filter='username ^= "user-"')["Users"]
assert len(found) == 5 and found[0]["UserStatus"] == "FORCE_CHANGE_PASSWORD", found
assert [user["Username"] for user in cognito.list_users(UserPoolId=pool, Filter='email = "ann@example.com"')["Users"]] == ["ann"]

# A client with a secret.
secret = cognito.create_user_pool_client(UserPoolId=pool, ClientName="server", GenerateSecret=True,
                                         ExplicitAuthFlows=flows)["UserPoolClient"]
parameters = {"USERNAME": "ann", "PASSWORD": PASSWORD}
auth = {"ClientId": secret["ClientId"], "AuthFlow": "USER_PASSWORD_AUTH"}
refused(errors.NotAuthorizedException, "SECRET_HASH was not received", cognito.initiate_auth, AuthParameters=parameters, **auth)
wrong = {**parameters, "SECRET_HASH": secret_hash({**secret, "ClientSecret": "guess"}, "ann")}
refused(errors.NotAuthorizedException, "Unable to verify secret hash for client", cognito.initiate_auth, AuthParameters=wrong, **auth)
right = {**parameters, "SECRET_HASH": secret_hash(secret, "ann")}
assert "AuthenticationResult" in cognito.initiate_auth(AuthParameters=right, **auth)
refused(errors.ResourceNotFoundException, "User pool client nosuchclient does not exist.", cognito.initiate_auth,
        **{**auth, "ClientId": "nosuchclient"}, AuthParameters=right)

# SRP: the password is never sent.
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)


def padded(number):
    text = f"{number:x}"
    text = "0" * (len(text) % 2) + text
    return bytes.fromhex("00" + text if text[0] in "89abcdef" else text)


def digest(data):
    return hashlib.sha256(data).digest()


def number(data):
    return int.from_bytes(data, "big")


def srp(username, password, srp_a=None):
    a = number(os.urandom(32))
    big_a = pow(2, a, N) if srp_a is None else srp_a
    asked = cognito.initiate_auth(ClientId=client, AuthFlow="USER_SRP_AUTH",
                                  AuthParameters={"USERNAME": username, "SRP_A": f"{big_a:x}"})
    assert asked["ChallengeName"] == "PASSWORD_VERIFIER", asked
    given = asked["ChallengeParameters"]
    big_b, user, block = int(given["SRP_B"], 16), given["USER_ID_FOR_SRP"], base64.b64decode(given["SECRET_BLOCK"])
    k = number(digest(padded(N) + padded(2)))
    u = number(digest(padded(big_a) + padded(big_b)))
    name = pool.split("_")[1]
    x = number(digest(padded(int(given["SALT"], 16)) + digest(f"{name}{user}:{password}".encode())))
    s = pow(big_b - k * pow(2, x, N), a + u * x, N)
    prk = hmac.new(padded(u), padded(s), hashlib.sha256).digest()
    key = hmac.new(prk, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]
    now = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime()).replace(" 0", " ")
    proof = hmac.new(key, name.encode() + user.encode() + block + now.encode(), hashlib.sha256).digest()
    return cognito.respond_to_auth_challenge(ClientId=client, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses={
        "USERNAME": user, "TIMESTAMP": now, "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"],
        "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(proof).decode(),
    })


# More than once: a number in some hundred begins with zeros, which are hashed in a way of their own.
for _ in range(3):
    verified(srp("ann", PASSWORD)["AuthenticationResult"]["AccessToken"], ISSUER, username="ann")
refused(errors.NotAuthorizedException, "Incorrect username or password.", srp, username="ann", password="wrong")
refused(errors.NotAuthorizedException, "Incorrect username or password.", srp, username="nobody", password=PASSWORD)
for zero in [0, N, 2 * N]:
    refused(errors.InvalidParameterException, "", srp, username="ann", password=PASSWORD, srp_a=zero)

# What is not here says so.
refused(errors.InvalidParameterException, "CUSTOM_AUTH", cognito.initiate_auth, ClientId=client, AuthFlow="CUSTOM_AUTH", AuthParameters={})
refused("UnknownOperationException", "cognito-idp SetUserPoolMfaConfig", cognito.set_user_pool_mfa_config, UserPoolId=pool)
cognito.delete_user_pool(UserPoolId=pool)
refused(errors.ResourceNotFoundException, f"User pool {pool} does not exist.", cognito.describe_user_pool, UserPoolId=pool)
